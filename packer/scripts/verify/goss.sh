#!/usr/bin/env bash
# Goss tests the running machine and prints what fails. gate.sh then ends the build.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

reports=$DIRECTORY/reports
container=false
if in_container; then container=true; fi
goss=(env --chdir=/ "$DIRECTORY/artifacts/goss" --gossfile "$DIRECTORY/generated/goss/$LAYER/goss.yaml"
  --vars-inline "{\"container\": $container, \"cloud\": \"$CLOUD\", \"gpu\": $(has_gpu && echo true || echo false)}")
chmod 0755 "$DIRECTORY/artifacts/goss"

# Services may still be starting, so retry for two minutes. Only the report of the run after that counts.
status=0
"${goss[@]}" validate --format silent --no-color --retry-timeout "${GOSS_WAIT:-120s}" --sleep 3s >/dev/null 2>"$reports/goss.log" || true
"${goss[@]}" validate --format json --no-color >"$reports/goss.json" 2>>"$reports/goss.log" || status=$?
"${goss[@]}" validate --format junit --no-color >"$reports/goss.xml" 2>/dev/null || true
"${goss[@]}" validate --format rspecish --no-color 2>&1 | grep --invert-match '^$' || true
printf '%s\n' "$status" >"$reports/goss.status"
# Names the files whose checks fail, which say what section of the hardening it is.
if [ "$status" -ne 0 ]; then
  grep --no-filename --only-matching 'goss/[a-z/-]*[.]yaml' "$DIRECTORY"/generated/goss/*/goss.yaml | sort --unique | while read -r file; do
    [ -f "$DIRECTORY/$file" ] || continue
    "${goss[@]}" --gossfile "$DIRECTORY/$file" validate --format silent --no-color >/dev/null 2>&1 || say "failed: $file"
  done
fi
