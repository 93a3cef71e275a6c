#!/usr/bin/env bash
# Ends the build if a check failed. Runs after Packer has downloaded the reports, so that you can read them.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

problems=()
goss=$(cat "$DIRECTORY/reports/goss.status")
trivy=$(cat "$DIRECTORY/reports/vulnerabilities.status")
secrets=$(cat "$DIRECTORY/reports/secrets.status")
case $goss in
  0) ;;
  78) problems+=("Goss cannot read the Goss file of $LAYER, or it has no checks") ;;
  *) problems+=("Goss: the machine is not what fleet.yaml describes; see goss.xml") ;;
esac
case $trivy in
  0) ;;
  10) problems+=("Trivy found $TRIVY_SEVERITIES vulnerabilities that scan.ignore of $LAYER does not list; see trivy.json") ;;
  *) problems+=("Trivy failed with exit code $trivy") ;;
esac
case $secrets in
  0) ;;
  11) problems+=("Trivy found a secret on the disk; see trivy.json") ;;
  *) problems+=("Trivy failed with exit code $secrets") ;;
esac
[ "${#problems[@]}" -eq 0 ] || fail "no image is created: $(printf '%s; ' "${problems[@]}")"
