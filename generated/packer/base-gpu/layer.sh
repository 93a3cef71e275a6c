#!/usr/bin/env bash
# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# What this layer adds to those it is built on; packer/scripts/lib.sh says how.
set -euo pipefail
# shellcheck source=packer/scripts/lib.sh
. "$DIRECTORY/packer/scripts/lib.sh"

