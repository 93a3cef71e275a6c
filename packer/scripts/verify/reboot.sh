#!/usr/bin/env bash
# Reboots, so that the checks see what machines will run.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

# After the reboot, Packer does not remove its script.
rm --force "${BASH_SOURCE[0]}"

if in_container; then
  say 'reboot: skipped, this is a container'
  exit 0
fi
systemctl --no-block reboot
# Wait for the connection to drop, so that Packer does not start the next step during the shutdown.
sleep 60
