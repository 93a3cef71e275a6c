#!/usr/bin/env bash
# After a build: signs a statement for each image, that says by which key it was built, and with which reports.
# Usage: attest.sh LAYER [REPORTS]
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packer/runner/lib.sh
. "$repository/packer/runner/lib.sh"

reports=${2:-$repository/.fleetgen/${1:?name the layer}/reports}
digest() { sha256sum "$1" | cut --delimiter=' ' --fields=1; }

shopt -s nullglob
manifests=("$reports"/*/manifest.json)
[ "${#manifests[@]}" -gt 0 ] || fail "there is no manifest below $reports: the build made no image"
for manifest in "${manifests[@]}"; do
  directory=$(dirname "$manifest")
  for report in sbom.cdx.json trivy.json goss.json goss.xml; do
    [ -s "$directory/$report" ] || fail "$directory/$report is not there"
  done
  # Digests are hexadecimal: nothing in this text needs quoting.
  cat >"$directory/predicate.json" <<END
{
  "manifest": "$(digest "$manifest")",
  "sbom": "$(digest "$directory/sbom.cdx.json")",
  "trivy": "$(digest "$directory/trivy.json")",
  "goss": "$(digest "$directory/goss.json")",
  "junit": "$(digest "$directory/goss.xml")"
}
END
  cosign attest-blob --yes --key "${SIGNING_KEY:-$(cosign_key)}" --use-signing-config=false --tlog-upload=false \
    --type https://example.com/fleetgen/image/v1 --predicate "$directory/predicate.json" \
    --bundle "$directory/attestation.sigstore.json" "$manifest" >/dev/null || fail "$manifest could not be attested"
  printf '%s\n' "$directory/attestation.sigstore.json"
done
