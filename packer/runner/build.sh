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
for option in "$@"; do
  case $option in
    -only* | -except* | *reports=* | *artifacts=*) fail "build.sh sets $option itself; choose images by naming their sources" ;;
  esac
done
[ -z "$(git -C "$repository" status --porcelain)" ] ||
  fail 'commit your changes first: an image is tagged with the commit that it was built from'
for cloud in "${clouds[@]}"; do "preflight_$cloud" "$(place_of_build "$cloud")"; done

bash "$template/fetch.sh" "${clouds[@]}"
packer init "$template"
# A manifest of an earlier build would pass for this one's.
rm --recursive --force "$reports"
for source in "${sources[@]}"; do
  before[$source]=$(images_of "$source") || fail "cannot look for images called ${names[$source]} in ${places[$source]}"
done
if [[ " $* " != *' -force '* ]]; then refuse_existing; fi

# However this ends, an image stays only if it has booted.
# shellcheck disable=SC2329 # The trap calls it.
clean_up() {
  local status=$? source
  trap - EXIT
  for source in "${all[@]}"; do
    if [ ! -s "$reports/$source/boot.json" ]; then remove_images "$source" || status=1; fi
  done
  exit "$status"
}
all=("${sources[@]}")
trap clean_up EXIT
trap 'exit 130' INT TERM

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

# keep_sources REPORT: keeps the sources that left this report. What the others made does not count.
keep_sources() {
  local source kept=()
  for source in "${sources[@]}"; do
    if [ -s "$reports/$source/$1" ]; then kept+=("$source"); else rm --force "$reports/$source/manifest.json"; fi
  done
  sources=("${kept[@]}")
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
