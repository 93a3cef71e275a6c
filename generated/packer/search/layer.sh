#!/usr/bin/env bash
# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# What this layer adds to its parent. The functions are in packer/scripts/lib.sh.
set -euo pipefail
# shellcheck source=packer/scripts/lib.sh
. "$DIRECTORY/packer/scripts/lib.sh"

add_user 'search' 2103 '/nonexistent' ''

put_file 'etc/search/search.toml' 'search' 'root' '0640' '8466bf306d930fee6646b2760c7d685495b3a15aa0f51a390e0dc6f3453a64d8'
put_file 'etc/sysctl.d/99-zz-layer-search.conf' 'root' 'root' '0644' 'e80254aa041a2ea2297817664190f9cc5d2faa46344e357c75494406abd36aed'
put_file 'etc/systemd/system/search.service' 'root' 'root' '0644' '62e547fbbc6b94c99d21ef936b7d124959ff09987e67de04c260428119c1e1b5'

apply_kernel_settings

case $ARCHITECTURE in
  'amd64') put_binary 'search' '0eda211d71852a9775dc87153590bb23eceb921524ddd0f6b96758dc94892026' ;;
  'arm64') put_binary 'search' '3f3825c4a00191cdfbda0f26ea7c8b3cef3dd87a58e0c7ae4db0dc57bbc9c30a' ;;
esac

enable_service 'search'
