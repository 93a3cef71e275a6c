#!/usr/bin/env bash
# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# What this layer adds to its parent. The functions are in packer/scripts/lib.sh.
set -euo pipefail
# shellcheck source=packer/scripts/lib.sh
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages 'auditd' 'chrony' 'jq'

add_user 'ops' 2000 '/home/ops' ''

put_file 'etc/sysctl.d/99-zz-hardening-network.conf' 'root' 'root' '0644' '4ec6557986f63ff3f2da1df8004be226ec1bca5b7c8827c62ae8aa00e65252b5'
put_file 'etc/sysctl.d/99-zz-hardening-processes.conf' 'root' 'root' '0644' '6fb49946806150a27791535c9387d11569ea4130712d3e31e6880686746570b5'
put_file 'etc/sysctl.d/99-zz-layer-base.conf' 'root' 'root' '0644' '6c316540cea11e41f748db496f106d6f6f73ce12dd06b157b88c18bf73174164'

apply_kernel_settings

enable_service 'chrony'
enable_service 'docker'
