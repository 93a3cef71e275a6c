#!/usr/bin/env bash
# Programs reach the internet through the proxy of the network that the machine runs in. cloud-init writes its address to
# /etc/fleet/proxy.env at the first boot, from what Terraform gives the machine.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

for service in docker snapd; do
  write_file "/etc/systemd/system/$service.service.d/40-fleet-proxy.conf" 0644 <<'END'
[Service]
EnvironmentFile=-/etc/fleet/proxy.env
END
done
systemctl daemon-reload
# For sessions.
write_file /etc/profile.d/40-fleet-proxy.sh 0644 <<'END'
if [ -r /etc/fleet/proxy.env ]; then
  set -a
  . /etc/fleet/proxy.env
  set +a
fi
END
# For apt in a service or under sudo, which keep no variables.
write_file /usr/local/libexec/fleet-apt-proxy 0755 <<'END'
#!/bin/sh
[ ! -r /etc/fleet/proxy.env ] || . /etc/fleet/proxy.env
echo "${http_proxy:-DIRECT}"
END
write_file /etc/apt/apt.conf.d/92fleet-proxy 0644 <<'END'
Acquire::http::Proxy-Auto-Detect "/usr/local/libexec/fleet-apt-proxy";
Acquire::https::Proxy-Auto-Detect "/usr/local/libexec/fleet-apt-proxy";
END
