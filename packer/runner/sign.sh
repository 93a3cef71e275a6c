#!/usr/bin/env bash
# For publishers: signs files with the fleet's key. Writes FILE.sigstore.json next to each file.
# Usage: sign.sh FILE…
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packer/runner/lib.sh
. "$repository/packer/runner/lib.sh"

[ "$#" -gt 0 ] || fail 'no files to sign. Usage: sign.sh FILE…'
for file in "$@"; do
  sign_blob "$file" "$file.sigstore.json" || fail "cannot sign $file"
  printf '%s  %s\n' "$(sha256sum "$file" | cut --delimiter=' ' --fields=1)" "$file"
done
