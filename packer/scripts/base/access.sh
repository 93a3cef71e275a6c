#!/usr/bin/env bash
# Sessions are the only way in. On AWS they come through the agent, which speaks to sshd on the machine itself, so sshd
# listens nowhere else. On GCP they come from the Identity-Aware Proxy, which only the firewall can tell from others.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

address=127.0.0.1
[ "$CLOUD" = aws ] || address=0.0.0.0
# The first value that sshd reads is the one that holds, so this stands before what cloud-init writes.
write_file /etc/ssh/sshd_config.d/01-fleetgen-access.conf 0600 <<END
ListenAddress $address
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
END
# Where systemd listens for sshd, it reads the address from there when it is reloaded.
systemctl daemon-reload
passwd --status root | grep --quiet '^root L ' || passwd --quiet --lock root
