#!/usr/bin/env bash
# Waits until the machine has finished its first boot, and makes the directory of the build. Runs before anything else is
# there, lib.sh included.
set -euo pipefail

if command -v cloud-init >/dev/null && [ -d /run/cloud-init ]; then
  status=0
  timeout 600 cloud-init status --wait >/dev/null || status=$?
  # 2 stands for errors that it recovered from, such as a data source that was not there.
  case $status in
    0 | 2) ;;
    *)
      cloud-init status --long >&2 || true
      echo "error: cloud-init failed with $status" >&2
      exit 1
      ;;
  esac
fi

# Packer uploads as the user that it came in as.
owner=${SUDO_USER:-root}
install -d --mode=0700 --owner="$owner" "${DIRECTORY:?}"
for part in packer/scripts goss "generated/packer/$LAYER" generated/goss artifacts reports; do
  sudo -u "$owner" mkdir -p "$DIRECTORY/$part"
done
