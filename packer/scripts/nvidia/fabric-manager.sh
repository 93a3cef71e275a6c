#!/usr/bin/env bash
# The fabric manager, which machines with NVSwitch need before a GPU can be used. Its version is that of the driver.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages "nvidia-fabricmanager-$NVIDIA_BRANCH"
driver=$(dpkg-query --show --showformat='${Version}' "nvidia-utils-$NVIDIA_BRANCH-server")
manager=$(dpkg-query --show --showformat='${Version}' "nvidia-fabricmanager-$NVIDIA_BRANCH")
[ "${driver%%-*}" = "${manager%%-*}" ] || fail "the driver is $driver and the fabric manager $manager; they must be the same"
apt-mark hold "nvidia-fabricmanager-$NVIDIA_BRANCH" >/dev/null
systemctl --quiet enable nvidia-fabricmanager.service
