#!/usr/bin/env bash
# The NVIDIA container toolkit gives containers access to the GPUs.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

version=1.20.0-1
trust_key https://nvidia.github.io/libnvidia-container/gpgkey \
  c880576d6cf75a48e5027a871bac70fd0421ab07d2b55f30877b21f1c87959c9 /etc/apt/keyrings/nvidia-container-toolkit.asc
write_file /etc/apt/sources.list.d/nvidia-container-toolkit.sources 0644 <<END
Types: deb
URIs: https://nvidia.github.io/libnvidia-container/stable/deb/$ARCHITECTURE
Suites: /
Signed-By: /etc/apt/keyrings/nvidia-container-toolkit.asc
END
apt update
install_packages "nvidia-container-toolkit=$version" "nvidia-container-toolkit-base=$version" \
  "libnvidia-container-tools=$version" "libnvidia-container1=$version"
apt-mark hold nvidia-container-toolkit nvidia-container-toolkit-base libnvidia-container-tools libnvidia-container1 >/dev/null

# Adds its runtime to daemon.json and keeps the rest.
if command -v dockerd >/dev/null; then
  nvidia-ctk runtime configure --runtime=docker
  systemctl restart docker.service
fi
