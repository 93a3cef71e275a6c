#!/usr/bin/env bash
# After a build: signs a statement for each image, with the key of its cloud and the digests of its reports.
# Usage: attest.sh LAYER [REPORTS]
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packer/runner/lib.sh
. "$repository/packer/runner/lib.sh"

reports=${2:-$repository/.fleetgen/${1:?name the layer}/reports}
digest() { sha256sum "$1" | cut --delimiter=' ' --fields=1; }

shopt -s nullglob
manifests=("$reports"/*/manifest.json)
[ "${#manifests[@]}" -gt 0 ] || fail "the build made no image: there is no manifest in $reports"
for manifest in "${manifests[@]}"; do
  directory=$(dirname "$manifest")
  for report in sbom.cdx.json trivy.json goss.json goss.xml boot.json; do
    [ -s "$directory/$report" ] || fail "$directory/$report is missing or empty"
  done
  cloud=$(cloud_of "$(basename "$directory")")
  # Digests are hexadecimal, so nothing here needs quoting.
  cat >"$directory/predicate.json" <<END
{
  "manifest": "$(digest "$manifest")",
  "sbom": "$(digest "$directory/sbom.cdx.json")",
  "trivy": "$(digest "$directory/trivy.json")",
  "goss": "$(digest "$directory/goss.json")",
  "junit": "$(digest "$directory/goss.xml")",
  "boot": "$(digest "$directory/boot.json")"
}
END
  cosign attest-blob --yes --key "${SIGNING_KEY:-$(cosign_key "$cloud")}" --use-signing-config=false --tlog-upload=false \
    --type https://example.com/fleetgen/image/v1 --predicate "$directory/predicate.json" \
    --bundle "$directory/attestation.sigstore.json" "$manifest" >/dev/null || fail "cannot attest $manifest"
  printf '%s\n' "$directory/attestation.sigstore.json"
done
