#!/usr/bin/env bash
# Reports in one issue what is not as fleet.yaml says, and closes it when everything is.
# $RUN: the run; $ENVIRONMENTS: the environments, with spaces between them. Reads .fleetgen/plans, and .fleetgen/status/ENVIRONMENT.json.
set -euo pipefail
. .github/scripts/lib.sh
title='The fleet is not as fleet.yaml says'
body=.fleetgen/drift.md
# The clouds call an image deprecated after so many days: `image_days` in a template of Packer's.
days=180
mkdir -p .fleetgen/plans .fleetgen/status
rm --force .fleetgen/differs

# section TITLE TEXT: a part of the report, in which nothing is Markdown. Nothing without a text.
section() {
  if [ -z "$2" ]; then return; fi
  touch .fleetgen/differs
  printf '%s:\n\n' "$1" && printf '%s\n' "$2" | tr -d '\000-\010\013-\037' | sed 's/^/    /' && printf '\n'
}

# groups ENVIRONMENT FILTER: a line for each group of the status that a filter of jq selects.
groups() {
  # shellcheck disable=SC2016 # They are variables of jq.
  local line='"\(.group): \(.state | gsub("_"; " ")), \([.key // .image, .notes[]] | map(select(.)) | join("; ") | gsub("\\s+"; " "))"'
  jq --raw-output --argjson days "$days" ".groups[] | select($2) | $line" ".fleetgen/status/$1.json"
}

wanted=$(fleetgen roots --format json | jq '.roots | length')
planned=$(find .fleetgen/plans -name '*.status' | wc -l)
missing=
if [ "$planned" -lt "$wanted" ]; then missing="$planned of $wanted roots were planned"; fi
{
  printf 'See %s.\n\n' "$RUN"
  check=$(fleetgen check 2>&1 >/dev/null) || section 'The check fails' "$check"
  if [ ! -e .fleetgen/differs ] && [[ $check == *warning* ]]; then section 'The check warns' "$check"; fi
  section 'Plans are missing' "$missing"
  section 'Planning these roots failed' "$(roots_with 1)"
  section 'These roots have changes' "$(roots_with 2)"
  for environment in $ENVIRONMENTS; do
    if ! jq --exit-status .groups ".fleetgen/status/$environment.json" >/dev/null 2>&1; then
      section "What groups of $environment run is not known" 'the log of the job has the reason'
      continue
    fi
    section "In $environment, revoked images are in use" "$(groups "$environment" '.state == "revoked"')"
    section "In $environment, these groups do not run what they should" "$(groups "$environment" '.state | IN("current", "revoked") | not')"
    # shellcheck disable=SC2016 # It is a variable of jq.
    section "In $environment, images that were promoted more than $days days ago are in use" \
      "$(groups "$environment" '.promoted != null and (now - (.promoted[:19] + "Z" | fromdate)) > $days * 86400')"
  done
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
