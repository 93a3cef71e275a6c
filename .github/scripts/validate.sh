#!/usr/bin/env bash
# Validates roots with their real providers, without credentials.
# $ROOTS: the roots, with spaces between them.
set -euo pipefail
. .github/scripts/lib.sh

validate() {
  local folder=generated/terraform/$1
  terraform -chdir="$folder" init -backend=false -input=false -no-color >/dev/null || return
  terraform -chdir="$folder" validate -no-color
}

each_root validate
