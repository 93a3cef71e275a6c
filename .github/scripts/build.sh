#!/usr/bin/env bash
# Builds layers, one after the other, and keeps their reports in .fleetgen/reports-of-builds and in the bucket.
# $BUILDS: for each, a line with the words of packer/runner/build.sh; $REPORT_BUCKET: the bucket, if there is one.
set -euo pipefail
packer/runner/install-tools.sh .fleetgen/tools
export PATH=$PWD/.fleetgen/tools/bin:$PATH
failed=0
while read -ra words; do
  layer=${words[0]}
  packer/runner/build.sh "${words[@]}" </dev/null || failed=1
  if [ ! -d ".fleetgen/$layer/reports" ]; then continue; fi
  mkdir -p .fleetgen/reports-of-builds
  cp --recursive ".fleetgen/$layer/reports" ".fleetgen/reports-of-builds/$layer"
  if [ -n "${REPORT_BUCKET:-}" ]; then
    aws s3 cp --recursive --only-show-errors ".fleetgen/$layer/reports" "s3://$REPORT_BUCKET/builds/$GITHUB_SHA/$layer" || failed=1
  fi
done <<<"${BUILDS:?}"
exit "$failed"
