#!/usr/bin/env bash
# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# Runs on the machine that runs Packer: fetches and verifies everything that the build of this layer needs, and packs it for
# the machine. Usage: fetch.sh CLOUD…; packer/README.md lists the variables that it reads.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
artifacts=$repository/.fleetgen/search/artifacts
clouds=("$@")
# shellcheck source=packer/runner/lib.sh
. "$repository/packer/runner/lib.sh"

fetch_tool 'amd64' 'goss' 'https://github.com/goss-org/goss/releases/download/v0.4.9/goss-linux-amd64' '87dd36cfa1b8b50554e6e2ca29168272e26755b19ba5438341f7c66b36decc19'
fetch_tool 'amd64' 'trivy' 'https://github.com/aquasecurity/trivy/releases/download/v0.74.0/trivy_0.74.0_Linux-64bit.tar.gz' '2ae6fe3ee734b7fdf11335663e18c75ea12dccc76062f09f164a3b0f8be4371a'
fetch_tool 'arm64' 'goss' 'https://github.com/goss-org/goss/releases/download/v0.4.9/goss-linux-arm64' '14fd24ac08236559f4809e6a627792d1b947ed98654bba1662ef1d6122d77e18'
fetch_tool 'arm64' 'trivy' 'https://github.com/aquasecurity/trivy/releases/download/v0.74.0/trivy_0.74.0_Linux-ARM64.tar.gz' 'b94ce1976bbf3c15b514b605ee88be7c6d94a29be2302847ff01cb794d47aad5'

fetch_binary 'aws' 'amd64' 'search' 's3://example-fleet-artifacts/search/2.9.0/linux-amd64/search' '0eda211d71852a9775dc87153590bb23eceb921524ddd0f6b96758dc94892026' 's3://example-fleet-artifacts/search/2.9.0/linux-amd64/search.sigstore.json'
fetch_binary 'aws' 'arm64' 'search' 's3://example-fleet-artifacts/search/2.9.0/linux-arm64/search' '3f3825c4a00191cdfbda0f26ea7c8b3cef3dd87a58e0c7ae4db0dc57bbc9c30a' 's3://example-fleet-artifacts/search/2.9.0/linux-arm64/search.sigstore.json'
fetch_binary 'gcp' 'amd64' 'search' 'gs://example-fleet-artifacts-gcp/search/2.9.0/linux-amd64/search' '0eda211d71852a9775dc87153590bb23eceb921524ddd0f6b96758dc94892026' 'gs://example-fleet-artifacts-gcp/search/2.9.0/linux-amd64/search.sigstore.json'
fetch_binary 'gcp' 'arm64' 'search' 'gs://example-fleet-artifacts-gcp/search/2.9.0/linux-arm64/search' '3f3825c4a00191cdfbda0f26ea7c8b3cef3dd87a58e0c7ae4db0dc57bbc9c30a' 'gs://example-fleet-artifacts-gcp/search/2.9.0/linux-arm64/search.sigstore.json'
pack 'amd64'
pack 'arm64'
