#!/bin/bash
# Installs Amazon's CloudWatch agent, and has it send what its configuration names. Usage: ship-access-log CONFIGURATION
#
# Amazon publishes no digest of the package, but signs it. The fingerprint is that of AWS's documentation ("Verifying the
# signature of the CloudWatch agent package").
set -euo pipefail

configuration=$1
version=1.300072.0b1766
fingerprint=937616F3450B7D806CBD9725D58167303B789C72
from=${AGENT_SOURCE:-https://amazoncloudwatch-agent.s3.amazonaws.com}
package=$from/ubuntu/$(dpkg --print-architecture)/$version/amazon-cloudwatch-agent.deb
[ "$(. /etc/os-release && echo "$ID")" = ubuntu ] || package=${package/ubuntu/debian}

work=$(mktemp --directory)
trap 'rm --recursive --force "$work"' EXIT
export GNUPGHOME=$work/gnupg
mkdir --mode=0700 "$GNUPGHOME"
fetch() { curl --fail --silent --show-error --location --retry 5 --output "$work/$1" "$2"; }

fetch key.gpg "$from/assets/amazon-cloudwatch-agent.gpg"
gpg --quiet --batch --import "$work/key.gpg"
keys=$(gpg --batch --with-colons --list-keys | awk -F: '/^fpr/ { print $10 }')
[ "$keys" = "$fingerprint" ] || { echo "the key of the CloudWatch agent is not $fingerprint but $keys" >&2; exit 1; }
fetch agent.deb "$package"
fetch agent.deb.sig "$package.sig"
gpg --quiet --batch --verify "$work/agent.deb.sig" "$work/agent.deb"
dpkg --install "$work/agent.deb"
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c "file:$configuration"
