#!/usr/bin/env bash
# Explains a pull request: a comment, a page and JSON in .fleetgen/change, and the job's summary.
# $BASE: the commit before; $LINK: where fleet.yaml can be read after it. Uses the plans in .fleetgen/plans, if there are any.
set -euo pipefail
change=.fleetgen/change
mkdir -p "$change"
plans=()
if [ -d .fleetgen/plans ]; then plans=(--plans .fleetgen/plans); fi
explain() { fleetgen affected --since "$BASE" --link "$LINK" "${plans[@]}" "$@"; }

if explain --markdown >"$change/comment.md" 2>"$change/problems.txt"; then
  explain --html >"$change/page.html"
  fleetgen affected --since "$BASE" --format json >"$change/affected.json"
else
  # Also fleet.yaml may be wrong. The check fails then, and the comment says why.
  {
    printf '<!-- fleetgen affected -->\n### This change cannot be explained\n\n'
    tr -d '\000-\010\013-\037' <"$change/problems.txt" | head -c 60000 | sed 's/^/    /'
  } >"$change/comment.md"
fi
cat "$change/comment.md" >>"$GITHUB_STEP_SUMMARY"
