#!/usr/bin/env bash
# Decides what is built: an output `stage-N` for each stage, with jobs that build one layer after the other.
# $LAYERS: only these, with spaces between them; $ALL: `true` for all; $MACHINES: how many jobs a stage has at most, if not one for each
# layer. A machine of the runner runs one job.
set -euo pipefail
words=()
if [ "${ALL:-}" = true ]; then words+=(--all); fi
for layer in ${LAYERS:-}; do words+=(--layer "$layer"); done
fleetgen build-plan --format json "${words[@]}" |
  jq --raw-output --argjson machines "${MACHINES:-256}" '.stages | to_entries[] | .key as $stage
    | [.value | to_entries[] | {job: (.key % $machines), layer: .value.layer, words: ([.value.layer] + .value.sources
        + (if .value.replaces then ["-force"] else [] end) | join(" "))}]
    | group_by(.job) | map({name: (map(.layer) | join(", ")), builds: (map(.words) | join("\n"))})
    | "stage-\($stage + 1)=\(tojson)"' | tee --append "$GITHUB_OUTPUT"
