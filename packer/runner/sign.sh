#!/usr/bin/env bash
# For publishers: signs files with the fleet's key. The bundle stands beside the file, as FILE.sigstore.json.
# Usage: sign.sh FILE…
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packer/runner/lib.sh
. "$repository/packer/runner/lib.sh"

[ "$#" -gt 0 ] || fail 'name the files to sign'
for file in "$@"; do
  sign_blob "$file" "$file.sigstore.json" || fail "$file could not be signed"
  printf '%s  %s\n' "$(sha256sum "$file" | cut --delimiter=' ' --fields=1)" "$file"
done
