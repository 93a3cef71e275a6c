#!/usr/bin/env bash
# Sessions are the only way in. On AWS they come through the agent on the machine, so sshd listens only on localhost. On
# GCP they come from the Identity-Aware Proxy, and the firewall admits nothing else.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

address=127.0.0.1
[ "$CLOUD" = aws ] || address=0.0.0.0
# sshd uses the first value it reads, so this file sorts before cloud-init's.
write_file /etc/ssh/sshd_config.d/01-fleetgen-access.conf 0600 <<END
ListenAddress $address
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
END
# With socket activation, systemd listens for sshd and gets the address at a reload.
systemctl daemon-reload
# It lets AWS's API add keys to sshd. Sessions do not need it.
remove_packages ec2-instance-connect
passwd --status root | grep --quiet '^root L ' || passwd --quiet --lock root
