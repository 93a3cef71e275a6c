#!/usr/bin/env bash
# The NVIDIA driver: open kernel modules of Ubuntu, built and signed for the kernel of the cloud, so that they load under
# Secure Boot and nothing is compiled on a machine. They drive GPUs from Turing on.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

branch=$NVIDIA_BRANCH-server
# The kernel's flavour is called as the cloud is.
kernel=linux-$CLOUD modules=linux-modules-nvidia-$branch-open-$CLOUD
install_packages "$kernel" "$modules" "nvidia-headless-no-dkms-$branch-open" "nvidia-utils-$branch" \
  "nvidia-compute-utils-$branch"

# Kernel and driver are one unit: neither moves without the other, and neither without a new image.
apt-mark hold "$kernel" "linux-image-$CLOUD" "$modules" "nvidia-headless-no-dkms-$branch-open" "nvidia-utils-$branch" >/dev/null

# The machine boots the newest kernel; that is the one that must have the module, signed.
newest=$(find /boot -maxdepth 1 -name 'vmlinuz-*' -printf '%f\n' | sed 's/^vmlinuz-//' | sort --version-sort | tail --lines=1)
[ -n "$(modinfo --set-version "$newest" --field signer nvidia)" ] || fail "the kernel $newest has no signed module nvidia"

# Ubuntu's unit starts where a program asks for it, and leaves the mode off.
write_file /etc/systemd/system/nvidia-persistenced.service.d/50-fleetgen.conf 0644 <<'END'
[Unit]
StopWhenUnneeded=no

[Service]
ExecStart=
ExecStart=/usr/bin/nvidia-persistenced --user nvidia-persistenced --persistence-mode --verbose
END
systemctl daemon-reload
systemctl --quiet add-wants multi-user.target nvidia-persistenced.service
