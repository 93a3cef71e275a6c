#!/usr/bin/env bash
# CIS 7.1: root owns the account files, and no file is world-writable.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

for file in passwd passwd- group group- shells; do
  if [ -f "/etc/$file" ]; then
    chown root:root "/etc/$file"
    chmod u-x,go-wx "/etc/$file"
  fi
done
for file in shadow shadow- gshadow gshadow-; do
  if [ -f "/etc/$file" ]; then
    chown root:shadow "/etc/$file"
    chmod u-x,g-wx,o-rwx "/etc/$file"
  fi
done
install -d --mode=0755 /etc/security
[ -f /etc/security/opasswd ] || touch /etc/security/opasswd
chmod 0600 /etc/security/opasswd
# Skip the files of containers.
images=(-not -path '/var/lib/docker/*' -not -path '/var/lib/containerd/*')
# World-writable files, except those of systemd and of the build.
find / -xdev -type f -perm -0002 -not -path '/proc/*' -not -path '/sys/*' "${images[@]}" -exec chmod o-w {} +
find / -xdev -type d -perm -0002 -not -perm -1000 "${images[@]}" -exec chmod o-w {} +
