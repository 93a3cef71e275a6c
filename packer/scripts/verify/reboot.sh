#!/usr/bin/env bash
# Reboots after this session has ended: a session that a reboot cuts may hang for good. rebooted.sh checks that it happened.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

# /run is empty after a boot.
touch /run/fleetgen-not-rebooted
# First the agent of Session Manager stops. When it reports again, the machine has rebooted.
systemd-run --quiet --on-active=5s --timer-property=AccuracySec=1s \
  sh -c "systemctl stop '*amazon-ssm-agent.service'; systemctl reboot"
