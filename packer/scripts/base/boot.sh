#!/usr/bin/env bash
# Before its services start, a machine mounts the disks of its group and fetches its secrets. cloud-init writes what the group has to
# /etc/fleet at the first boot, from what Terraform gives the machine: terraform/modules/machine-user-data.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

# boot_unit NAME DESCRIPTION LIST: the unit that runs /usr/local/libexec/NAME if there is a list. Its input is the rest of the unit.
boot_unit() {
  write_file "/etc/systemd/system/$1.service" 0644 <<END
[Unit]
Description=$2
ConditionPathExists=$3
Wants=network-online.target
After=network-online.target cloud-init.service cloud-init-network.service
Before=containerd.service docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/libexec/$1
TimeoutStartSec=10min
$(cat)

[Install]
WantedBy=multi-user.target
END
}

boot_unit fleet-disks 'The disks of the group' /etc/fleet/disks </dev/null
boot_unit fleet-secrets 'The secrets of the group' /etc/fleet/secrets.json <<'END'
NoNewPrivileges=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=strict
RuntimeDirectory=fleet
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
END
systemctl daemon-reload
systemctl --quiet enable fleet-disks.service fleet-secrets.service
