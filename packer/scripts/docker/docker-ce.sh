#!/usr/bin/env bash
# Docker's own packages, from Docker's archive, at these versions: the archive has no snapshots.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

remove_packages docker.io docker-compose docker-compose-v2 docker-doc podman-docker containerd runc
# The archive's key, as Docker publishes it; its fingerprint is 9DC8 5822 9FC7 DD38 854A E2D8 8D81 803C 0EBF CD88.
trust_key "https://download.docker.com/linux/$DISTRIBUTION/gpg" \
  1500c1f56fa9e26b9b8f42452a553675796ade0807cdce11975eb98170b3a570 /etc/apt/keyrings/docker.asc
write_file /etc/apt/sources.list.d/docker.sources 0644 <<END
Types: deb
URIs: https://download.docker.com/linux/$DISTRIBUTION
Suites: $CODENAME
Components: stable
Signed-By: /etc/apt/keyrings/docker.asc
END
docker=5:29.8.2-1~$DOCKER_RELEASE~$CODENAME containerd=2.3.6-1~$DOCKER_RELEASE~$CODENAME
apt update
install_packages "docker-ce=$docker" "docker-ce-cli=$docker" "containerd.io=$containerd"
apt-mark hold docker-ce docker-ce-cli containerd.io >/dev/null
