#!/usr/bin/env bash
# Builds the images of a layer: fetches and verifies what they need, runs Packer, and attests the result.
# Usage: build.sh LAYER [OPTION…]; options go to `packer build`, such as -only='amazon-ebs.*'.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packer/runner/lib.sh
. "$repository/packer/runner/lib.sh"

layer=${1:?name the layer}
shift
template=$repository/generated/packer/$layer
[ -f "$template/build.pkr.hcl" ] || fail "$template has no template to build; \`fleetgen layers\` lists the layers"
[ -z "$(git -C "$repository" status --porcelain)" ] ||
  fail 'commit your changes first: an image is tagged with the commit that it was built from'

bash "$template/fetch.sh"
packer init "$template"
# A manifest of an earlier build would pass for this one's.
rm --recursive --force "$repository/.fleetgen/$layer/reports"
# If one source fails, still attest the images of the others.
status=0
packer build -timestamp-ui -var "commit=$(git -C "$repository" rev-parse HEAD)" "$@" "$template" || status=$?
bash "$repository/packer/runner/attest.sh" "$layer"
exit "$status"
