#!/usr/bin/env bash
# CIS 2.3: only chrony keeps the time, from the cloud's time service.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages chrony
mask_units systemd-timesyncd.service
case $CLOUD in
  aws) source='server 169.254.169.123 prefer iburst minpoll 4 maxpoll 4' ;;
  gcp) source='server metadata.google.internal prefer iburst' ;;
  *) fail "no time service is known for the cloud $CLOUD" ;;
esac
# An isolated machine cannot reach the distribution's time servers.
write_file /etc/chrony/chrony.conf 0644 <<END
$source
driftfile /var/lib/chrony/chrony.drift
logdir /var/log/chrony
maxupdateskew 100.0
rtcsync
makestep 1 3
END
systemctl --quiet enable chrony.service
systemctl restart chrony.service || in_container
