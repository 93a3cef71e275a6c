#!/usr/bin/env bash
# Trivy scans the disk for vulnerable packages and secrets, and writes an SBOM. gate.sh then ends the build if there are any.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

reports=$DIRECTORY/reports
cache=$DIRECTORY/trivy
chmod 0755 "$DIRECTORY/artifacts/trivy"
trivy() { "$DIRECTORY/artifacts/trivy" --quiet --cache-dir "$cache" "$@"; }
offline=(--skip-db-update --skip-java-db-update --offline-scan --skip-version-check --disable-telemetry)

trivy --version | grep --quiet "^Version: $TRIVY_VERSION$" || say "note: this Trivy does not call itself $TRIVY_VERSION"
if [ ! -f "$cache/db/metadata.json" ]; then
  trivy image --download-db-only --db-repository "$TRIVY_DATABASE" --disable-telemetry --skip-version-check
fi
# Trivy stops at the first Java archive if it has no database of them, which is another gigabyte.
archives=$(find / -xdev -type f '(' -name '*.jar' -o -name '*.war' -o -name '*.ear' -o -name '*.par' ')' \
  -not -path '/var/lib/docker/*' -not -path '/var/lib/containerd/*')
[ -z "$archives" ] || say "note: Java archives are not scanned: $(tr '\n' ' ' <<<"$archives")"
# An old database would silently miss new vulnerabilities.
updated=$(sed --quiet 's/.*"UpdatedAt":"\([^"]*\)".*/\1/p' "$cache/db/metadata.json")
age=$(($(date +%s) - $(date --date="$updated" +%s)))
[ "$age" -lt $((3 * 86400)) ] || fail "Trivy's database is from $updated, more than three days old; check the mirror $TRIVY_DATABASE"

# Trivy takes a relative path from where it runs. SSH host keys are removed later, and clean/check.sh verifies it. The packages of containers are scanned where they are built.
trivy rootfs "${offline[@]}" --timeout 30m --scanners vuln,secret --format json --output "$reports/trivy.json" \
  --skip-files '/etc/ssh/ssh_host_*_key' --skip-dirs "$DIRECTORY" --skip-dirs /proc --skip-dirs /sys --skip-dirs /dev --skip-dirs /run --skip-dirs /snap \
  --skip-dirs /var/lib/docker --skip-dirs /var/lib/containerd \
  --skip-files '/**/*.jar' --skip-files '/**/*.war' --skip-files '/**/*.ear' --skip-files '/**/*.par' /
trivy convert --format cyclonedx --output "$reports/sbom.cdx.json" "$reports/trivy.json"

# gate NAME POLICY OPTION…: fails if the report has findings that the policy does not ignore.
gate() {
  local status=0 name=$1
  printf 'package trivy\n\nimport rego.v1\n\ndefault ignore := false\n\nignore if %s\n' "$2" >"$DIRECTORY/$name.rego"
  shift 2
  trivy convert --format table --table-mode detailed --ignore-policy "$DIRECTORY/$name.rego" "$@" "$reports/trivy.json" || status=$?
  printf '%s\n' "$status" >"$reports/$name.status"
}
policy=input.RuleID
# Without a fix, there is nothing to do about a vulnerability here.
if [ "$TRIVY_UNFIXED" = false ]; then policy='object.get(input, "FixedVersion", "") == ""'; fi
# Entries that name a vendor's program stand for all vulnerabilities that the report has of it.
ignored=$DIRECTORY/trivyignore.yaml
cp "$DIRECTORY/generated/packer/$LAYER/trivyignore.yaml" "$ignored"
programs=$DIRECTORY/generated/packer/$LAYER/programs.tpl
if [ -f "$programs" ]; then
  trivy convert --format template --template "@$programs" --output "$DIRECTORY/programs.yaml" "$reports/trivy.json"
  cat "$DIRECTORY/programs.yaml" >>"$ignored"
fi
gate vulnerabilities "$policy" --severity "$TRIVY_SEVERITIES" --exit-code 10 --ignorefile "$ignored"
# A secret counts whatever its severity.
gate secrets input.VulnerabilityID --exit-code 11
