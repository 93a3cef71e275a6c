#!/usr/bin/env bash
# Gets the SBOMs and Trivy's reports of the images that a change records, and of those before them, into .fleetgen/reports.
# $BASE: the commit before; $REPORTS: the bucket's URL, s3://NAME or gs://NAME.
set -euo pipefail
. .github/scripts/lib.sh
mkdir -p .fleetgen/reports
fleetgen affected --since "${BASE:?}" --format json | jq --raw-output '[.affected.recorded[].reports[]] | unique[]' |
  while read -r digest; do
    # Digests come from images/. Nothing else may become a path.
    [[ $digest =~ ^[0-9a-f]{64}$ ]]
    copy "$REPORTS/reports/$digest.json" ".fleetgen/reports/$digest.json" || echo "::notice::the report $digest is not in the bucket"
  done
