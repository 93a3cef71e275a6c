#!/usr/bin/env bash
# The kernel that the machine ran before its reboot goes: its holes would be this image's.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

apt autoremove --purge
