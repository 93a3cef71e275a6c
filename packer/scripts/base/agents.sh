#!/usr/bin/env bash
# The cloud's agent is installed and starts at boot. Without it, nobody could open a session on a machine of this image.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

if in_container; then
  say 'agents: skipped, this is a container'
  exit 0
fi
case $CLOUD in
  aws)
    # Canonical's images have it as a snap. Debian's images and archive do not have it. The build itself came through it,
    # so on Debian it is already installed as a package.
    if systemctl list-unit-files --quiet snap.amazon-ssm-agent.amazon-ssm-agent.service >/dev/null; then
      unit=snap.amazon-ssm-agent.amazon-ssm-agent.service
    else
      unit=amazon-ssm-agent.service
    fi
    ;;
  gcp)
    install_packages google-guest-agent google-compute-engine-oslogin
    # Since September 2025, a manager starts the agent, and the package disables the agent's own unit.
    unit=google-guest-agent.service
    if [ -x /usr/bin/google_guest_agent_manager ]; then unit=google-guest-agent-manager.service; fi
    ;;
  *) fail "no agent is known for the cloud $CLOUD" ;;
esac
systemctl --quiet enable "$unit"
systemctl is-active --quiet "$unit" || fail "$unit is not running; without it, nobody could open a session on a machine of this image"
