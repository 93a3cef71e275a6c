#!/usr/bin/env bash
# CIS 1.1.2: nothing in /tmp and /dev/shm is a device, is run, or gains rights.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

write_file /etc/systemd/system/tmp.mount 0644 <<'END'
[Unit]
Description=Temporary Directory /tmp
ConditionPathIsSymbolicLink=!/tmp
DefaultDependencies=no
Conflicts=umount.target
Before=local-fs.target umount.target
After=swap.target

[Mount]
What=tmpfs
Where=/tmp
Type=tmpfs
Options=mode=1777,strictatime,nosuid,nodev,noexec,size=50%

[Install]
WantedBy=local-fs.target
END
systemctl daemon-reload
# It holds from the next boot on: mounting it now would hide what the build has there.
systemctl --quiet enable tmp.mount
[ -f /etc/fstab ] || touch /etc/fstab
set_line /etc/fstab '^[^#]+[[:space:]]/dev/shm[[:space:]]' 'tmpfs /dev/shm tmpfs defaults,nosuid,nodev,noexec 0 0'
# Packages run scripts from their temporary directory.
install -d --mode=0700 /var/cache/apt/templates
write_file /etc/apt/apt.conf.d/91fleetgen-tmp 0644 <<'END'
APT::ExtractTemplates::TempDir "/var/cache/apt/templates";
END
