#!/usr/bin/env bash
# Removes what belongs to the build and what every machine must create for itself. check.sh verifies that it is gone.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

# The build's proxy.
rm --force /etc/apt/apt.conf.d/95fleetgen-proxy /etc/systemd/system/docker.service.d/fleetgen-proxy.conf
rmdir --ignore-fail-on-non-empty /etc/systemd/system/docker.service.d 2>/dev/null || true

# Says which image a machine was started from.
write_file /etc/fleet-release 0644 <<END
FLEET=$FLEET
LAYER=$LAYER
KEY=$KEY
COMMIT=$COMMIT
ARCHITECTURE=$ARCHITECTURE
END

# Package lists and archives.
apt clean
rm --recursive --force /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/lib/dpkg/*-old

# The machine's identity, and everyone's keys and history.
if command -v cloud-init >/dev/null; then cloud-init clean --logs --seed >/dev/null; fi
rm --force /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub /var/lib/systemd/random-seed /var/lib/dbus/machine-id
: >/etc/machine-id
if [ "$CLOUD" = aws ]; then
  # The session that runs this script keeps its state in i-*, and a log. Both are removed when a machine first starts.
  write_file /etc/cloud/cloud.cfg.d/96-fleetgen.cfg 0644 <<'END'
bootcmd:
  - [cloud-init-per, instance, fleetgen, sh, -c, 'rm --recursive --force /var/lib/amazon/ssm/i-* /var/log/amazon']
END
  rm --recursive --force /var/lib/amazon/ssm/Vault /var/lib/amazon/ssm/registration /var/lib/amazon/ssm/credentials
fi
if [ "$CLOUD" = gcp ]; then
  # The build's OS Login user, whether it is a service account or a person. check.sh removes its sudo rights last.
  [ -z "${SUDO_USER:-}" ] || rm --recursive --force "/home/${SUDO_USER:?}"
  rm --recursive --force /var/google-users.d/* /etc/oslogin_*.cache /etc/google_instance_id /var/lib/google-guest-agent
fi
find / -xdev -name authorized_keys -path '*/.ssh/*' -delete
find /root /home -xdev \( -name '.*_history' -o -name .wget-hsts -o -name .lesshst -o -name .viminfo \) -delete

# Services that would still write logs after this.
systemctl stop rsyslog.service syslog.socket 2>/dev/null || true
# Logs and temporary files.
journalctl --quiet --rotate
journalctl --quiet --vacuum-time=1s
find /var/log -xdev -type f \( -name '*.gz' -o -name '*.[0-9]' -o -name '*.old' \) -delete
find /var/log -xdev -type f -not -path '/var/log/journal/*' -exec truncate --size=0 {} +
find /var/log/journal -xdev -mindepth 1 -delete 2>/dev/null || true
find /tmp /var/tmp -xdev -mindepth 1 -maxdepth 1 -not -name 'script_*.sh' -not -name 'systemd-private-*' \
  -not -path "$DIRECTORY" -exec rm --recursive --force {} +
# Files in the disk's own /tmp are hidden by the mount, but would be in the image.
if mountpoint --quiet /tmp; then
  disk=$(mktemp --directory --tmpdir=/run)
  mount --bind / "$disk"
  find "$disk/tmp" -xdev -mindepth 1 -delete
  umount "$disk"
  rmdir "$disk"
fi
# Last, because lib.sh is in it.
rm --recursive --force "$DIRECTORY"
sync
