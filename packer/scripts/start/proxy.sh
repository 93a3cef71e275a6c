#!/usr/bin/env bash
# During the build, apt and Docker reach the internet through the build network's proxy. clean.sh removes this: a machine
# uses the proxy of the network it runs in.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

proxy=PROXY_$CLOUD
proxy=${!proxy:-}
[ -n "$proxy" ] || exit 0

write_file /etc/apt/apt.conf.d/95fleetgen-proxy 0644 <<END
Acquire::http::Proxy "$proxy";
Acquire::https::Proxy "$proxy";
END
write_file /etc/systemd/system/docker.service.d/fleetgen-proxy.conf 0644 <<END
[Service]
Environment="HTTP_PROXY=$proxy" "HTTPS_PROXY=$proxy"
Environment="NO_PROXY=localhost,127.0.0.1,169.254.169.254,metadata.google.internal,.amazonaws.com,.googleapis.com,.pkg.dev"
END
systemctl daemon-reload
if systemctl cat docker.service >/dev/null 2>&1; then systemctl try-restart docker.service; fi
# For scripts that run curl or Trivy.
write_file "$DIRECTORY/proxy.env" 0644 <<END
export http_proxy='$proxy' https_proxy='$proxy'
export no_proxy=localhost,127.0.0.1,169.254.169.254,metadata.google.internal,.amazonaws.com,.googleapis.com,.pkg.dev
END
