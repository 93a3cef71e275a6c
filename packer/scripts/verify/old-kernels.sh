#!/usr/bin/env bash
# Removes every kernel but the running one, and its vulnerabilities with it. apt keeps the last two by itself.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

apt autoremove --purge
if in_container; then
  say 'old kernels: skipped, since this is a container'
  exit 0
fi
packages=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' 'linux-*')
old=$(old_kernels "$(uname --kernel-release)" <<<"$packages")
# Names of packages have no spaces.
# shellcheck disable=SC2086
[ -z "$old" ] || apt purge -- $old
