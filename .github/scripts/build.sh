#!/usr/bin/env bash
# Builds layers, one after the other, and keeps their reports in .fleetgen/reports-of-builds and in buckets.
# $BUILDS: for each, a line with the words of packer/runner/build.sh; $REPORTS_ON_AWS, $REPORTS_ON_GCP: the buckets, if there are any.
set -euo pipefail
. .github/scripts/lib.sh
packer/runner/install-tools.sh .fleetgen/tools
export PATH=$PWD/.fleetgen/tools/bin:$PATH

# keep LAYER: keeps a layer's reports: all of them below the run, and what says what is in an image under its digest.
keep() {
  local directory=.fleetgen/$1/reports bucket file digest
  mkdir -p .fleetgen/reports-of-builds
  cp --recursive "$directory" ".fleetgen/reports-of-builds/$1"
  for bucket in ${REPORTS_ON_AWS:-} ${REPORTS_ON_GCP:-}; do
    while read -r file; do
      copy "$directory/$file" "$bucket/builds/$GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT/$1/$file" || return
      if [[ $file == */sbom.cdx.json || $file == */trivy.json ]]; then
        digest=$(sha256sum "$directory/$file" | cut -d ' ' -f 1)
        copy "$directory/$file" "$bucket/reports/$digest.json" || return
      fi
    done < <(find "$directory" -type f -printf '%P\n' | sort)
  done
}

failed=0
while read -ra words; do
  layer=${words[0]}
  packer/runner/build.sh "${words[@]}" </dev/null || failed=1
  if [ -d ".fleetgen/$layer/reports" ]; then keep "$layer" </dev/null || failed=1; fi
done <<<"${BUILDS:?}"
exit "$failed"
