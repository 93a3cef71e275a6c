#!/usr/bin/env bash
# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# Runs on the machine that runs Packer: fetches and verifies everything that the build of this layer needs, and packs it for
# the machine. Usage: fetch.sh CLOUD…; packer/README.md lists the variables that it reads.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
artifacts=$repository/.fleetgen/vision/artifacts
clouds=("$@")
# shellcheck source=packer/runner/lib.sh
. "$repository/packer/runner/lib.sh"

fetch_tool 'amd64' 'goss' 'https://github.com/goss-org/goss/releases/download/v0.4.9/goss-linux-amd64' '87dd36cfa1b8b50554e6e2ca29168272e26755b19ba5438341f7c66b36decc19'
fetch_tool 'amd64' 'trivy' 'https://github.com/aquasecurity/trivy/releases/download/v0.74.0/trivy_0.74.0_Linux-64bit.tar.gz' '2ae6fe3ee734b7fdf11335663e18c75ea12dccc76062f09f164a3b0f8be4371a'

verify_container 'aws' 'registry.example.com/vision@sha256:5944ae849448011ca08c3785f1de1a54c8a96d6c23f787f9d962b624edd4151d'
verify_container 'gcp' 'registry.example.com/vision@sha256:5944ae849448011ca08c3785f1de1a54c8a96d6c23f787f9d962b624edd4151d'
pack 'amd64'
