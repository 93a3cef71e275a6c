#!/usr/bin/env bash
# Takes away what is the build's, and what must be each machine's own. check.sh looks whether it is gone.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

# The proxy of the build.
rm --force /etc/apt/apt.conf.d/95fleetgen-proxy /etc/systemd/system/docker.service.d/fleetgen-proxy.conf
rmdir --ignore-fail-on-non-empty /etc/systemd/system/docker.service.d 2>/dev/null || true

# What this image is, for whoever meets a machine of it.
write_file /etc/fleet-release 0644 <<END
FLEET=$FLEET
LAYER=$LAYER
KEY=$KEY
COMMIT=$COMMIT
ARCHITECTURE=$ARCHITECTURE
END

# Packages: lists and archives.
apt clean
rm --recursive --force /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/lib/dpkg/*-old

# Who the machine is, and who came in.
if command -v cloud-init >/dev/null; then cloud-init clean --logs --seed >/dev/null; fi
rm --force /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub /var/lib/systemd/random-seed /var/lib/dbus/machine-id
: >/etc/machine-id
if [ "$CLOUD" = aws ]; then
  # The session that this comes through keeps its state in i-*: that goes when a machine first starts.
  write_file /etc/cloud/cloud.cfg.d/96-fleetgen.cfg 0644 <<'END'
bootcmd:
  - [cloud-init-per, instance, fleetgen, sh, -c, 'rm --recursive --force /var/lib/amazon/ssm/i-*']
END
  rm --recursive --force /var/lib/amazon/ssm/Vault /var/lib/amazon/ssm/registration
fi
if [ "$CLOUD" = gcp ]; then
  # Who came in by OS Login; what lets them become root goes last, by check.sh.
  rm --recursive --force /home/sa_* /var/google-users.d/* /etc/oslogin_*.cache /etc/google_instance_id
fi
find / -xdev -name authorized_keys -path '*/.ssh/*' -delete
find /root /home -xdev \( -name '.*_history' -o -name .wget-hsts -o -name .lesshst -o -name .viminfo \) -delete

# What would write its last words after this.
systemctl stop rsyslog.service syslog.socket 2>/dev/null || true
# Logs, and what anybody left in places for the time being.
journalctl --quiet --rotate
journalctl --quiet --vacuum-time=1s
find /var/log -xdev -type f \( -name '*.gz' -o -name '*.[0-9]' -o -name '*.old' \) -delete
find /var/log -xdev -type f -not -path '/var/log/journal/*' -exec truncate --size=0 {} +
find /var/log/journal -xdev -mindepth 1 -delete 2>/dev/null || true
find /tmp /var/tmp -xdev -mindepth 1 -maxdepth 1 -not -name 'script_*.sh' -not -name 'systemd-private-*' \
  -not -path "$DIRECTORY" -exec rm --recursive --force {} +
# What /tmp had on the disk before another one was mounted on it is hidden, and would be in the image.
if mountpoint --quiet /tmp; then
  disk=$(mktemp --directory --tmpdir=/run)
  mount --bind / "$disk"
  find "$disk/tmp" -xdev -mindepth 1 -delete
  umount "$disk"
  rmdir "$disk"
fi
# Last, since lib.sh is in it.
rm --recursive --force "$DIRECTORY"
sync
