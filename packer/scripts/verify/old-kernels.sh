#!/usr/bin/env bash
# Removes the kernel from before the reboot, and its vulnerabilities with it.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

apt autoremove --purge
