#!/usr/bin/env bash
# Installs every update up to the day of the package sources.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

apt update
apt dist-upgrade
apt autoremove --purge
# Needed by later scripts and by sessions.
install_packages ca-certificates curl gpg iproute2 procps sudo openssh-server
