#!/usr/bin/env bash
# CIS 3.3: drops spoofed and source-routed packets: /etc/sysctl.d/99-zz-hardening-network.conf. Docker needs forwarding, so it stays on.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

# Keep the distribution's files from overriding these settings.
rm --force /etc/sysctl.d/10-network-security.conf
if [ -f /etc/ufw/sysctl.conf ]; then : >/etc/ufw/sysctl.conf; fi
