#!/usr/bin/env bash
# Proposes the packages of yesterday, in a pull request: a new `updates_until` for every root layer.
set -euo pipefail
. .github/scripts/lib.sh
day=$(date --utc --date yesterday +%F)
sed --in-place --regexp-extended "s/^( +updates_until: +)\"?[0-9]{4}-[0-9]{2}-[0-9]{2}\"?/\1\"$day\"/" fleet.yaml
fleetgen generate
printf 'Packages as they were at the end of %s. Merging this builds every image that they are in.\n' "$day" >.fleetgen/body.md
open_pull_request fleet/updates "Packages of $day" .fleetgen/body.md fleet.yaml generated
