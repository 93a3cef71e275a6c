#!/usr/bin/env bash
# Ends the build where a check failed. It comes after the reports have left the machine, so that they can be read.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

problems=()
goss=$(cat "$DIRECTORY/reports/goss.status")
trivy=$(cat "$DIRECTORY/reports/vulnerabilities.status")
secrets=$(cat "$DIRECTORY/reports/secrets.status")
case $goss in
  0) ;;
  78) problems+=("Goss cannot read the gossfile of $LAYER, or found no check in it") ;;
  *) problems+=("Goss found that the machine is not as fleet.yaml says: see goss.xml") ;;
esac
case $trivy in
  0) ;;
  10) problems+=("Trivy found vulnerabilities of severity $TRIVY_SEVERITIES that scan.ignore of $LAYER does not name: see trivy.json") ;;
  *) problems+=("Trivy failed with $trivy") ;;
esac
case $secrets in
  0) ;;
  11) problems+=("Trivy found a secret on the disk: see trivy.json") ;;
  *) problems+=("Trivy failed with $secrets") ;;
esac
[ "${#problems[@]}" -eq 0 ] || fail "no image is made: $(printf '%s; ' "${problems[@]}")"
