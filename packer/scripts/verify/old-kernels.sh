#!/usr/bin/env bash
# Removes every kernel but the running one, and its vulnerabilities with it. apt keeps the last two by itself.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

apt autoremove --purge
if in_container; then
  say 'old kernels: skipped, since this is a container'
  exit 0
fi
mapfile -t old < <(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' 'linux-*' | old_kernels "$(uname --kernel-release)")
[ "${#old[@]}" -eq 0 ] || apt purge -- "${old[@]}"
