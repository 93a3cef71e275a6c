#!/usr/bin/env bash
# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# What this layer adds to its parent. The functions are in packer/scripts/lib.sh.
set -euo pipefail
# shellcheck source=packer/scripts/lib.sh
. "$DIRECTORY/packer/scripts/lib.sh"

add_user 'api' 2101 '/nonexistent' ''

put_file 'etc/systemd/system/api.service' 'root' 'root' '0644' '1f22939dbf9e4a0995479c3a4dfaf91747897bd25a0991ddece2c36839a65ffb'

case $ARCHITECTURE in
  'amd64') put_binary 'api' 'a5e8fbc3e5e144476205dea92898036e1d5594a0f670df1ee899d0f885905754' ;;
  'arm64') put_binary 'api' '836ea36ad4df16d479b73ff3a63db8f63072355d09cd70af374356263ea4112d' ;;
esac

enable_service 'api'
