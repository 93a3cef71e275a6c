#!/usr/bin/env bash
# Reports in one issue what is not as fleet.yaml says, and closes it when everything is.
# $RUN: the run. Reads .fleetgen/plans.
set -euo pipefail
. .github/scripts/lib.sh
title='The fleet is not as fleet.yaml says'
body=.fleetgen/drift.md
mkdir -p .fleetgen/plans

# indented TEXT: a text in which nothing is Markdown.
indented() { printf '%s\n' "$1" | sed 's/^/    /'; }

changed=$(roots_with 2)
failed=$(roots_with 1)
planned=$(find .fleetgen/plans -name '*.status' | wc -l)
wanted=$(fleetgen roots --format json | jq '.roots | length')
{
  printf 'See %s.\n\n' "$RUN"
  if ! fleetgen check --quiet >.fleetgen/check.txt 2>&1; then
    touch .fleetgen/differs
    printf 'The check says:\n\n' && sed 's/^/    /' .fleetgen/check.txt && printf '\n'
  fi
  if [ -n "$failed" ] || [ "$planned" -lt "$wanted" ]; then
    touch .fleetgen/differs
    printf '%s of %s roots were planned. Planning these failed:\n\n' "$planned" "$wanted" && indented "$failed" && printf '\n'
  fi
  if [ -n "$changed" ]; then
    touch .fleetgen/differs
    printf 'These roots have changes:\n\n' && indented "$changed"
  fi
} >"$body"
number=$(gh issue list --repo "$REPOSITORY" --state open --search "in:title \"$title\"" --json number,title \
  --jq "[.[] | select(.title == \"$title\")][0].number // empty")
if [ ! -e .fleetgen/differs ]; then
  echo 'Everything is as fleet.yaml says.'
  if [ -n "$number" ]; then gh issue close "$number" --repo "$REPOSITORY" --comment 'Everything is as fleet.yaml says.'; fi
elif [ -n "$number" ]; then
  gh issue edit "$number" --repo "$REPOSITORY" --body-file "$body"
else
  gh issue create --repo "$REPOSITORY" --title "$title" --body-file "$body"
fi
