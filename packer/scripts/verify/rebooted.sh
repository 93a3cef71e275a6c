#!/usr/bin/env bash
# Ends the build if the machine did not reboot: the checks must see what machines will run.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

[ ! -e /run/fleetgen-not-rebooted ] || fail 'the machine has not rebooted, so the checks would see the old kernel'
timeout 600 systemctl is-system-running --wait >/dev/null || true
