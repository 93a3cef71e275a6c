#!/usr/bin/env bash
# Finds the roots whose plan has changes, for the job that applies them.
# $JOB: who applies them. Reads .fleetgen/plans/ROOT.status; writes the output `apply`.
set -euo pipefail
. .github/scripts/lib.sh
fleetgen roots --kind stack --job "$JOB" --format json |
  jq --raw-output --arg changed "$(roots_with 2)" '
    ($changed | split("\n")) as $changed
    | [.shards[] | .roots = ([.roots | split(" ")[] | select(IN($changed[]))] | join(" ")) | select(.roots != "")]
    | "apply=\(tojson)"' >>"$GITHUB_OUTPUT"
