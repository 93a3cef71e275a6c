#!/usr/bin/env bash
# CIS 1.3: AppArmor enforces every profile.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages apparmor apparmor-utils
write_file /etc/default/grub.d/50-fleetgen-apparmor.cfg 0644 <<'END'
GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX apparmor=1 security=apparmor"
END
systemctl --quiet enable apparmor.service
if command -v update-grub >/dev/null; then update-grub; fi
