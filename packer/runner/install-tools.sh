#!/usr/bin/env bash
# Installs what build.sh needs, at pinned versions: Packer, cosign, AWS's CLI and session-manager-plugin, and gcloud.
# For Linux on amd64. Usage: install-tools.sh DIRECTORY [TOOL…]; then put DIRECTORY/bin in the PATH.
#
# AWS and Google publish no SHA-256 digests for their files. Other projects pin the same URLs
# with these; docs/decisions.md names them. `cargo xtask conform tools` downloads the files and compares.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packer/runner/lib.sh
. "$repository/packer/runner/lib.sh"

directory=${1:?name a directory}
shift
tools=("$@")
[ "${#tools[@]}" -gt 0 ] || tools=(packer cosign aws session-manager-plugin gcloud)
mkdir -p "$directory/bin"
directory=$(cd "$directory" && pwd)
work=$(mktemp --directory)
trap 'rm --recursive --force "$work"' EXIT

for tool in "${tools[@]}"; do
  case $tool in
    packer)
      fetch_verified https://releases.hashicorp.com/packer/1.16.0/packer_1.16.0_linux_amd64.zip \
        "$work/packer.zip" 5edcd14ab59b535040c512dbecd6ec9ef976a000b073c19d93e4c431c948581e
      unzip -q "$work/packer.zip" packer -d "$work"
      install --mode=0755 "$work/packer" "$directory/bin/packer"
      ;;
    cosign)
      fetch_verified https://github.com/sigstore/cosign/releases/download/v3.1.2/cosign-linux-amd64 \
        "$work/cosign" f7622ed3cf22e55e1ae6377c080979ff77a22da9981c11df222a2e444991e7cf
      install --mode=0755 "$work/cosign" "$directory/bin/cosign"
      ;;
    aws)
      fetch_verified https://awscli.amazonaws.com/awscli-exe-linux-x86_64-2.37.4.zip \
        "$work/aws.zip" 0c59444563f4df735eeb5481f6165f95dae546c33761760d8be9855d5cfe2d12
      unzip -q "$work/aws.zip" -d "$work"
      "$work/aws/install" --update --install-dir "$directory/aws-cli" --bin-dir "$directory/bin"
      ;;
    session-manager-plugin)
      fetch_verified https://s3.amazonaws.com/session-manager-downloads/plugin/1.2.835.0/ubuntu_64bit/session-manager-plugin.deb \
        "$work/plugin.deb" 7c6dcad12518571cc7959a713e6a8ae1bdf6ed66fd9bee37dc189e39ca58ae03
      dpkg-deb --extract "$work/plugin.deb" "$work/plugin"
      install --mode=0755 "$work/plugin/usr/local/sessionmanagerplugin/bin/session-manager-plugin" "$directory/bin/"
      ;;
    gcloud)
      fetch_verified https://dl.google.com/dl/cloudsdk/channels/rapid/downloads/google-cloud-cli-588.0.0-linux-x86_64.tar.gz \
        "$work/gcloud.tar.gz" e38ceac43022bb5a4d94d5a4a9c9c51f90f28c910b59a018ae07011e220c4412
      tar --extract --gzip --file "$work/gcloud.tar.gz" --directory "$directory"
      ln --symbolic --force "$directory/google-cloud-sdk/bin/gcloud" "$directory/bin/gcloud"
      ;;
    *)
      fail "no tool is called $tool; choose from packer, cosign, aws, session-manager-plugin and gcloud"
      ;;
  esac
  printf 'installed %s in %s\n' "$tool" "$directory/bin"
done
