#!/usr/bin/env bash
# Plans roots, without their locks: the job that plans can write nothing.
# $ROOTS: the roots, with spaces between them. Writes .fleetgen/plans/ROOT.plan, .lock with the versions of providers, .txt, and .status: 0
# for no changes, 2 for some, 1 if it failed.
set -euo pipefail
. .github/scripts/lib.sh
plans=$PWD/.fleetgen/plans

plan() {
  local folder=generated/terraform/$1 file=$plans/$1 status=0
  mkdir -p "$(dirname "$file")"
  terraform -chdir="$folder" init -input=false -no-color >"$file.txt" 2>&1 || status=1
  if [ "$status" = 0 ]; then
    terraform -chdir="$folder" plan -lock=false -input=false -no-color -detailed-exitcode -out="$file.plan" >"$file.txt" 2>&1 || status=$?
  fi
  if [ -f "$folder/.terraform.lock.hcl" ]; then cp "$folder/.terraform.lock.hcl" "$file.lock"; fi
  printf '%s\n' "$status" >"$file.status"
  cat "$file.txt"
  [ "$status" != 1 ]
}

each_root plan
