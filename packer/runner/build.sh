#!/usr/bin/env bash
# Builds the images of a layer: fetches and verifies what they need, runs Packer, boots each image once, and attests it.
# An image that does not boot is removed. So is what a failed build made.
# Usage: build.sh LAYER [SOURCE…] [OPTION…]; a SOURCE is aws, gcp, or one such as amazon-ebs.arm64. Options go to
# `packer build`.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packer/runner/lib.sh
. "$repository/packer/runner/lib.sh"
# shellcheck source=packer/runner/images.sh
. "$repository/packer/runner/images.sh"

layer=${1:?name the layer}
shift
template=$repository/generated/packer/$layer
reports=$repository/.fleetgen/$layer/reports
[ -f "$template/build.pkr.hcl" ] || fail "$template has no template to build; \`fleetgen layers\` lists the layers"
# shellcheck source=generated/packer/base/sources.sh
. "$template/sources.sh"
choose_sources "$@"
shift "$chosen"
[ -z "$(git -C "$repository" status --porcelain)" ] ||
  fail 'commit your changes first: an image is tagged with the commit that it was built from'
for cloud in "${clouds[@]}"; do "preflight_$cloud" "$(place_of_build "$cloud")"; done

bash "$template/fetch.sh" "${clouds[@]}"
packer init "$template"
# A manifest of an earlier build would pass for this one's.
rm --recursive --force "$reports"
for source in "${sources[@]}"; do before[$source]=$(images_of "$source"); done
if [[ " $* " != *' -force '* ]]; then refuse_existing; fi

# run_packer PREFIX OPTION…: runs the builds with this prefix, of all sources that are left.
run_packer() {
  local prefix=$1 only=() options=() source option
  shift
  for option in "$@"; do
    # Packer would replace the image even in the build that makes none.
    if [ "$prefix $option" != 'boot -force' ]; then options+=("$option"); fi
  done
  for source in "${sources[@]}"; do only+=("$prefix.$source"); done
  packer build -timestamp-ui -var "commit=$(git -C "$repository" rev-parse HEAD)" "${options[@]}" \
    "-only=$(IFS=, && printf '%s' "${only[*]}")" "$template"
}

# If one source fails, the images of the others still count.
status=0
run_packer image "$@" || status=$?
keep_sources manifest.json
if [ "${#sources[@]}" -gt 0 ]; then
  run_packer boot "$@" || status=$?
  keep_sources boot.json
fi
bash "$repository/packer/runner/attest.sh" "$layer"
exit "$status"
