#!/usr/bin/env bash
# CIS 1.4: only root can read the boot loader's configuration. It has no password, because there is no console.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

for file in /boot/grub/grub.cfg /boot/grub/grubenv; do
  if [ -f "$file" ]; then
    chown root:root "$file"
    chmod 0600 "$file"
  fi
done
