#!/usr/bin/env bash
# Waits for the machine's first boot to finish, and creates the build directory. Runs first, so it cannot use lib.sh.
set -euo pipefail

if command -v cloud-init >/dev/null && [ -d /run/cloud-init ]; then
  status=0
  timeout 600 cloud-init status --wait >/dev/null || status=$?
  # 2: it recovered from errors, such as a data source that did not answer.
  case $status in
    0 | 2) ;;
    *)
      cloud-init status --long >&2 || true
      echo "error: cloud-init failed with $status" >&2
      exit 1
      ;;
  esac
fi

# Packer uploads files as the user that it logged in as.
owner=${SUDO_USER:-root}
install -d --mode=0700 --owner="$owner" "${DIRECTORY:?}"
for part in packer/scripts goss "generated/packer/$LAYER" generated/goss artifacts reports; do
  sudo -u "$owner" mkdir -p "$DIRECTORY/$part"
done
