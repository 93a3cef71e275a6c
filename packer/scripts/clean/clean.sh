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
  rm --recursive --force /var/lib/amazon/ssm/{i-,mi-,runtimeconfig,Vault,ipc}* /var/log/amazon
fi
rm --recursive --force /var/lib/google/*.lock /var/lib/google/oslogin* /etc/sudoers.d/*-packer-build 2>/dev/null || true
find / -xdev -name authorized_keys -path '*/.ssh/*' -delete
find /root /home -xdev \( -name '.*_history' -o -name .wget-hsts -o -name .lesshst -o -name .viminfo \) -delete

# Logs, and what anybody left in places for the time being.
journalctl --quiet --rotate
journalctl --quiet --vacuum-time=1s
find /var/log -xdev -type f \( -name '*.gz' -o -name '*.[0-9]' -o -name '*.old' \) -delete
find /var/log -xdev -type f -not -path '/var/log/journal/*' -exec truncate --size=0 {} +
find /var/log/journal -xdev -mindepth 1 -delete 2>/dev/null || true
find /tmp /var/tmp -xdev -mindepth 1 -maxdepth 1 -not -name 'script_*.sh' -not -name 'systemd-private-*' \
  -not -path "$DIRECTORY" -exec rm --recursive --force {} +
# Last, since lib.sh is in it.
rm --recursive --force "$DIRECTORY"
sync
