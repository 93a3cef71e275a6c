#!/usr/bin/env bash
# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# Runs on the machine that runs Packer: fetches and verifies everything that the build of this layer needs, and packs it for
# the machine. Usage: fetch.sh CLOUD…; packer/README.md lists the variables that it reads.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
artifacts=$repository/.fleetgen/worker/artifacts
clouds=("$@")
# shellcheck source=packer/runner/lib.sh
. "$repository/packer/runner/lib.sh"

fetch_tool 'amd64' 'goss' 'https://github.com/goss-org/goss/releases/download/v0.4.9/goss-linux-amd64' '87dd36cfa1b8b50554e6e2ca29168272e26755b19ba5438341f7c66b36decc19'
fetch_tool 'amd64' 'trivy' 'https://github.com/aquasecurity/trivy/releases/download/v0.74.0/trivy_0.74.0_Linux-64bit.tar.gz' '2ae6fe3ee734b7fdf11335663e18c75ea12dccc76062f09f164a3b0f8be4371a'
fetch_tool 'arm64' 'goss' 'https://github.com/goss-org/goss/releases/download/v0.4.9/goss-linux-arm64' '14fd24ac08236559f4809e6a627792d1b947ed98654bba1662ef1d6122d77e18'
fetch_tool 'arm64' 'trivy' 'https://github.com/aquasecurity/trivy/releases/download/v0.74.0/trivy_0.74.0_Linux-ARM64.tar.gz' 'b94ce1976bbf3c15b514b605ee88be7c6d94a29be2302847ff01cb794d47aad5'

fetch_binary 'aws' 'amd64' 'worker' 's3://example-fleet-artifacts/worker/5.0.3/linux-amd64/worker' '199000bb00438f136c45a9231022bf1d390222d224f4c1a7a3d090c11746cfdc' 's3://example-fleet-artifacts/worker/5.0.3/linux-amd64/worker.sigstore.json'
fetch_binary 'aws' 'arm64' 'worker' 's3://example-fleet-artifacts/worker/5.0.3/linux-arm64/worker' '970b763206cb74af088ff00370c80de43620226ba794818411cb39430f4b963c' 's3://example-fleet-artifacts/worker/5.0.3/linux-arm64/worker.sigstore.json'
fetch_binary 'gcp' 'amd64' 'worker' 'gs://example-fleet-artifacts-gcp/worker/5.0.3/linux-amd64/worker' '199000bb00438f136c45a9231022bf1d390222d224f4c1a7a3d090c11746cfdc' 'gs://example-fleet-artifacts-gcp/worker/5.0.3/linux-amd64/worker.sigstore.json'
fetch_binary 'gcp' 'arm64' 'worker' 'gs://example-fleet-artifacts-gcp/worker/5.0.3/linux-arm64/worker' '970b763206cb74af088ff00370c80de43620226ba794818411cb39430f4b963c' 'gs://example-fleet-artifacts-gcp/worker/5.0.3/linux-arm64/worker.sigstore.json'
pack 'amd64'
pack 'arm64'
