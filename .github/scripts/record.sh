#!/usr/bin/env bash
# Records the images that were built, in a pull request.
# $REASON: why they were built, if a reason was given; $RUN: the run that built them.
set -euo pipefail
. .github/scripts/lib.sh
shopt -s nullglob
manifests=(.fleetgen/built/*/*/*/manifest.json)
if [ "${#manifests[@]}" = 0 ]; then
  echo 'no image was built'
  exit
fi
fleetgen images record "${manifests[@]}" | tee .fleetgen/recorded.txt
fleetgen generate
{
  printf 'Built by %s.\n\n' "$RUN"
  # Indented, so that it stays text.
  if [ -n "${REASON:-}" ]; then printf '%s' "$REASON" | tr -d '\000-\010\013-\037' | sed 's/^/    /' && printf '\n\n'; fi
  printf '```\n' && sed 's/`//g' .fleetgen/recorded.txt && printf '```\n'
} >.fleetgen/body.md
open_pull_request "fleet/images-${GITHUB_RUN_ID:?}" 'Record the images that were built' .fleetgen/body.md images generated
