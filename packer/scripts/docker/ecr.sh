#!/usr/bin/env bash
# Docker logs in to Amazon ECR with the machine's own identity, while the image is built and on every machine.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages amazon-ecr-credential-helper
install -d --mode=0700 /root/.docker
write_file /root/.docker/config.json 0600 <<END
{ "credHelpers": { "$ECR_REGISTRY": "ecr-login" } }
END
# The helper keeps its tokens and its log in ~/.ecr, which must not become part of the image.
write_file /etc/tmpfiles.d/fleet-ecr.conf 0644 <<'END'
d /run/fleet-ecr 0700 root root
L /root/.ecr - - - - /run/fleet-ecr
END
systemd-tmpfiles --create /etc/tmpfiles.d/fleet-ecr.conf
