#!/usr/bin/env bash
# The NVIDIA driver: Ubuntu's open kernel modules, prebuilt and signed for the cloud's kernel. They load under Secure Boot,
# nothing is compiled on a machine, and they support GPUs from Turing on.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

branch=$NVIDIA_BRANCH-server
# The kernel's flavour is named after the cloud.
kernel=linux-$CLOUD modules=linux-modules-nvidia-$branch-open-$CLOUD
install_packages "$kernel" "$modules" "nvidia-headless-no-dkms-$branch-open" "nvidia-utils-$branch" \
  "nvidia-compute-utils-$branch"

# Hold kernel and driver together: only a new image updates either.
apt-mark hold "$kernel" "linux-image-$CLOUD" "$modules" "nvidia-headless-no-dkms-$branch-open" "nvidia-utils-$branch" >/dev/null

# The machine boots the newest kernel, so that one must have the signed module.
newest=$(find /boot -maxdepth 1 -name 'vmlinuz-*' -printf '%f\n' | sed 's/^vmlinuz-//' | sort --version-sort | tail --lines=1)
[ -n "$(modinfo --set-version "$newest" --field signer nvidia)" ] || fail "the kernel $newest has no signed nvidia module"

# Ubuntu's unit starts only on demand and leaves persistence mode off.
write_file /etc/systemd/system/nvidia-persistenced.service.d/50-fleetgen.conf 0644 <<'END'
[Unit]
StopWhenUnneeded=no

[Service]
# A machine may have no GPU: the build's, or one for trying an image.
ExecCondition=/bin/sh -c 'grep --quiet --no-messages 0x10de /sys/bus/pci/devices/*/vendor'
ExecStart=
ExecStart=/usr/bin/nvidia-persistenced --user nvidia-persistenced --persistence-mode --verbose
END
systemctl daemon-reload
systemctl --quiet add-wants multi-user.target nvidia-persistenced.service
