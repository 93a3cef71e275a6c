#!/usr/bin/env bash
# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# What this layer adds to its parent. The functions are in packer/scripts/lib.sh.
set -euo pipefail
# shellcheck source=packer/scripts/lib.sh
. "$DIRECTORY/packer/scripts/lib.sh"

pull_container 'registry.example.com/vision@sha256:5944ae849448011ca08c3785f1de1a54c8a96d6c23f787f9d962b624edd4151d'

