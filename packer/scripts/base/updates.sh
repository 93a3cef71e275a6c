#!/usr/bin/env bash
# Every update up to the day that the sources stand at.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

apt update
apt dist-upgrade
apt autoremove --purge
# What later scripts and sessions need.
install_packages ca-certificates curl gpg iproute2 procps sudo openssh-server
