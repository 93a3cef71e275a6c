#!/usr/bin/env bash
# Goes on with the environment's rollout, or plans and starts one. It drives for 50 minutes; the next run of the schedule goes on.
# $ENVIRONMENT: the environment; $EMERGENCY: the reason of an emergency. Writes the output `over`: `true` if nothing is left to do.
set -euo pipefail

# end STATUS: what a rollout's exit code means for the job.
end() {
  case $1 in
    0) echo 'over=true' >>"$GITHUB_OUTPUT" ;;
    # It is in progress, or waits for a window or an approval: the next run looks again.
    13 | 14) ;;
    *) exit "$1" ;;
  esac
  exit 0
}

status=0
if [ -z "${EMERGENCY:-}" ]; then
  fleetgen rollout resume --environment "$ENVIRONMENT" --for 50m --no-wait --format github || status=$?
  # Exit code 2: there is no rollout that is not over.
  if [ "$status" != 0 ] && [ "$status" != 2 ]; then end "$status"; fi
fi
emergency=()
if [ -n "${EMERGENCY:-}" ]; then emergency=(--emergency "$EMERGENCY"); fi
rm --force .fleetgen/plan.json
fleetgen rollout plan --environment "$ENVIRONMENT" "${emergency[@]}" --format github
# Without anything to roll out, there is no plan.
if [ ! -f .fleetgen/plan.json ]; then end 0; fi
status=0
fleetgen rollout start .fleetgen/plan.json --for 50m --no-wait --format github || status=$?
end "$status"
