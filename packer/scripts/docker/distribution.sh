#!/usr/bin/env bash
# The distribution's Docker packages.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages docker.io
