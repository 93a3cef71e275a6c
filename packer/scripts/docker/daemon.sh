#!/usr/bin/env bash
# Docker's settings: containers cannot gain privileges or reach each other, and they survive a restart of the daemon.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

write_file /etc/docker/daemon.json 0644 <<'END'
{
  "default-ulimits": { "nofile": { "Hard": 65536, "Name": "nofile", "Soft": 65536 } },
  "experimental": false,
  "icc": false,
  "live-restore": true,
  "log-driver": "local",
  "log-opts": { "max-file": "5", "max-size": "20m" },
  "no-new-privileges": true,
  "userland-proxy": false
}
END
# The Kubernetes interface (CRI) is unused here and would open a port. The last two are its names in containerd 2.
write_file /etc/containerd/config.toml 0644 <<'END'
version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]
END
systemctl daemon-reload
systemctl --quiet enable docker.service containerd.service
systemctl restart containerd.service docker.service
