#!/usr/bin/env bash
# Applies plans as they were saved. Terraform refuses one if its state has changed since.
# $ROOTS: the roots, with spaces between them. Reads .fleetgen/plans/ROOT.plan, and .lock with the versions of its providers.
set -euo pipefail
. .github/scripts/lib.sh
plans=$PWD/.fleetgen/plans

apply() {
  local folder=generated/terraform/$1
  cp "$plans/$1.lock" "$folder/.terraform.lock.hcl" || return
  terraform -chdir="$folder" init -input=false -lockfile=readonly -no-color >/dev/null || return
  terraform -chdir="$folder" apply -input=false -no-color -lock-timeout=10m "$plans/$1.plan"
}

each_root apply
