#!/usr/bin/env bash
# The fabric manager, without which GPUs behind an NVSwitch do not work. Its version must match the driver's.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages "nvidia-fabricmanager-$NVIDIA_BRANCH"
driver=$(dpkg-query --show --showformat='${Version}' "nvidia-utils-$NVIDIA_BRANCH-server")
manager=$(dpkg-query --show --showformat='${Version}' "nvidia-fabricmanager-$NVIDIA_BRANCH")
[ "${driver%%-*}" = "${manager%%-*}" ] || fail "the driver is version $driver but the fabric manager is $manager; they must match"
apt-mark hold "nvidia-fabricmanager-$NVIDIA_BRANCH" >/dev/null
# Most machines have no NVSwitch: an NVIDIA device of the PCI class 0680.
write_file /etc/systemd/system/nvidia-fabricmanager.service.d/50-fleetgen.conf 0644 <<'END'
[Service]
ExecCondition=/bin/sh -c 'for device in /sys/bus/pci/devices/*; do grep --quiet 0x10de $device/vendor && grep --quiet ^0x0680 $device/class && exit 0; done; exit 1'
END
systemctl daemon-reload
systemctl --quiet enable nvidia-fabricmanager.service
