#!/usr/bin/env bash
# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# What this layer adds to its parent. The functions are in packer/scripts/lib.sh.
set -euo pipefail
# shellcheck source=packer/scripts/lib.sh
. "$DIRECTORY/packer/scripts/lib.sh"

add_user 'worker' 2102 '/nonexistent' ''

put_file 'etc/systemd/system/worker.service' 'root' 'root' '0644' '80a5a27d0fb51e27d5381d4dd17ec54c1a4499ca375b05eab2dce83fb638899f'

case $ARCHITECTURE in
  'amd64') put_binary 'worker' '199000bb00438f136c45a9231022bf1d390222d224f4c1a7a3d090c11746cfdc' ;;
  'arm64') put_binary 'worker' '970b763206cb74af088ff00370c80de43620226ba794818411cb39430f4b963c' ;;
esac

enable_service 'worker'
