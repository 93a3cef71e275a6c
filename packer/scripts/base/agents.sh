#!/usr/bin/env bash
# The cloud's agent, without which nobody reaches a machine of this image, is there and starts at boot.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

if in_container; then
  say 'agents: skipped, this is a container'
  exit 0
fi
case $CLOUD in
  aws)
    # Canonical's images have it as a snap. Debian's have none, and its archive neither: the builder itself was reached
    # through it, so an image that gets here has it as a package.
    if systemctl list-unit-files --quiet snap.amazon-ssm-agent.amazon-ssm-agent.service >/dev/null; then
      unit=snap.amazon-ssm-agent.amazon-ssm-agent.service
    else
      unit=amazon-ssm-agent.service
    fi
    ;;
  gcp)
    install_packages google-guest-agent google-compute-engine-oslogin
    unit=google-guest-agent.service
    ;;
  *) fail "no agent is known for $CLOUD" ;;
esac
systemctl --quiet enable "$unit"
systemctl is-active --quiet "$unit" || fail "$unit does not run; without it nobody would reach a machine of this image"
