#!/usr/bin/env bash
# Docker as the distribution has it.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages docker.io
