#!/usr/bin/env bash
# CIS 3.3: packets that lie about their way are dropped: /etc/sysctl.d/99-zz-hardening-network.conf. Forwarding stays as it is, since Docker needs it.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

# Nothing of the distribution may set them otherwise afterwards.
rm --force /etc/sysctl.d/10-network-security.conf
if [ -f /etc/ufw/sysctl.conf ]; then : >/etc/ufw/sysctl.conf; fi
