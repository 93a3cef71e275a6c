#!/usr/bin/env bash
# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# What this layer adds to its parent. The functions are in packer/scripts/lib.sh.
set -euo pipefail
# shellcheck source=packer/scripts/lib.sh
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages 'nginx'

add_user 'web' 2100 '/nonexistent' ''

put_file 'etc/nginx/conf.d/web.conf' 'root' 'root' '0644' 'e347b8c80d339559a7ce40922a6232797326037ed62e3f51bb6a4d46c771e5a7'
put_file 'etc/systemd/system/web.service' 'root' 'root' '0644' '5e01ac58211eb1f7c356e33829a9b2d046c0b2ccede7bdd2be2aaca72bd4925e'

case $ARCHITECTURE in
  'amd64') put_binary 'web' 'a890a1ca5f368bdb13b65c6d5bf7232d878e90f52c2e5f77fadbb32902f4978d' ;;
  'arm64') put_binary 'web' 'c55cbb1714b7ac0a96670bf409f4ffa10643870c97228d4a93db59ab2d086f0f' ;;
esac

enable_service 'nginx'
enable_service 'web'
