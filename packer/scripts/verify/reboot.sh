#!/usr/bin/env bash
# Boots what was installed, so that what is checked is what machines will run.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

# Packer does not come back for this file.
rm --force "${BASH_SOURCE[0]}"

if in_container; then
  say 'reboot: skipped, this is a container'
  exit 0
fi
systemctl --no-block reboot
# Packer is to lose its connection here, and not start the next step on a machine that is on its way down.
sleep 60
