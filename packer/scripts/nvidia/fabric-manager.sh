#!/usr/bin/env bash
# The fabric manager, without which GPUs behind an NVSwitch do not work. Its version must match the driver's.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages "nvidia-fabricmanager-$NVIDIA_BRANCH"
driver=$(dpkg-query --show --showformat='${Version}' "nvidia-utils-$NVIDIA_BRANCH-server")
manager=$(dpkg-query --show --showformat='${Version}' "nvidia-fabricmanager-$NVIDIA_BRANCH")
[ "${driver%%-*}" = "${manager%%-*}" ] || fail "the driver is version $driver but the fabric manager is $manager; they must match"
apt-mark hold "nvidia-fabricmanager-$NVIDIA_BRANCH" >/dev/null
systemctl --quiet enable nvidia-fabricmanager.service
