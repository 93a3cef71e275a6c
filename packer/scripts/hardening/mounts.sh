#!/usr/bin/env bash
# CIS 1.1.2: /tmp and /dev/shm are mounted nodev, nosuid and noexec.
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
# Takes effect at the next boot: mounting now would hide the build's files.
systemctl --quiet enable tmp.mount
[ -f /etc/fstab ] || touch /etc/fstab
set_line /etc/fstab '^[^#]+[[:space:]]/dev/shm[[:space:]]' 'tmpfs /dev/shm tmpfs defaults,nosuid,nodev,noexec 0 0'
# Google's agent runs startup and shutdown scripts from a temporary directory, too.
if [ "$CLOUD" = gcp ]; then
  install -d --mode=0755 /var/lib/google
  write_file /etc/default/instance_configs.cfg 0644 <<'END'
[MetadataScripts]
run_dir = /var/lib/google
END
fi
# Packages run their scripts from a temporary directory, which therefore cannot be /tmp.
install -d --mode=0700 /var/cache/apt/templates
write_file /etc/apt/apt.conf.d/91fleetgen-tmp 0644 <<'END'
APT::ExtractTemplates::TempDir "/var/cache/apt/templates";
END
