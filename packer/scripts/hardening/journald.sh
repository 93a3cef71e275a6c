#!/usr/bin/env bash
# CIS 6.1: the journal is persistent, compressed and limited in size. There is no second log daemon.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

write_file /etc/systemd/journald.conf.d/60-fleetgen.conf 0644 <<'END'
[Journal]
Storage=persistent
Compress=yes
ForwardToSyslog=no
SystemMaxUse=1G
SystemKeepFree=500M
RuntimeMaxUse=200M
RuntimeKeepFree=50M
MaxFileSec=1month
END
remove_packages rsyslog
systemctl restart systemd-journald.service
