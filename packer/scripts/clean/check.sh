#!/usr/bin/env bash
# Ends the build if the image would contain anything of the build or of the machine that it ran on.
set -euo pipefail

found=()
# left DESCRIPTION COMMAND…: the command must print nothing.
left() {
  local what=$1 output
  shift
  output=$("$@" 2>/dev/null | head --lines=5 || true)
  if [ -n "$output" ]; then found+=("$what: $(tr '\n' ' ' <<<"$output")"); fi
}

# The disk's own /tmp, below the mount.
hidden() {
  local disk
  mountpoint --quiet /tmp || return 0
  disk=$(mktemp --directory --tmpdir=/run)
  mount --bind / "$disk"
  find "$disk/tmp" -xdev -mindepth 1
  umount "$disk"
  rmdir "$disk"
}

left "the build's directory" find "$DIRECTORY" -maxdepth 0
left 'a machine id' cat /etc/machine-id
left 'host keys' find /etc/ssh -name 'ssh_host_*'
left 'authorized keys' find / -xdev -name authorized_keys -path '*/.ssh/*' -size +0
left 'a shell history' find /root /home -xdev -name '.*_history'
left 'logs' find /var/log -xdev -type f -size +0 -not -path '/var/log/journal/*' -not -path '/var/log/amazon/*' -not -name 'lastlog' -not -name 'wtmp' -not -name 'audit.log' -not -name 'sudo.log'
left 'state of cloud-init' find /var/lib/cloud -mindepth 1 -maxdepth 1 -name 'instance*'
left 'a Session Manager registration' find /var/lib/amazon/ssm -maxdepth 1 '(' -name Vault -o -name registration -o -name credentials ')'
if [ "$CLOUD" = gcp ]; then
  left 'an OS Login user' find /home /var/google-users.d -mindepth 1 -maxdepth 1 -name "${SUDO_USER:-sa_*}"
  left 'state of the guest agent' find /var/lib/google-guest-agent /etc/google_instance_id -maxdepth 0
fi
left 'package lists' find /var/lib/apt/lists -type f
left 'downloaded packages' find /var/cache/apt/archives -name '*.deb'
left 'temporary files' find /tmp /var/tmp -xdev -mindepth 1 -maxdepth 1 -not -name 'script_*.sh' -not -name 'systemd-private-*'
left 'hidden temporary files' hidden
left "the build's proxy" grep --recursive --files-with-matches 'fleetgen-proxy\|Acquire::http::Proxy "' /etc/apt /etc/systemd
left 'a build tool' find /usr/local/bin /usr/bin -name trivy -o -name goss
left 'a password' sed --quiet --regexp-extended 's/^([^:]+):([^!*:]|:).*/\1/p' /etc/shadow
left 'a credential' find /root /home -xdev \( -path '*/.aws/*' -o -path '*/.ecr/*' -o -path '*/.config/gcloud/*' \)
# One that only names credential helpers has none.
left "a registry's password" grep --recursive --files-with-matches --include=config.json '"auths"' /root /home

if [ "${#found[@]}" -gt 0 ]; then
  echo 'error: no image is created, because the machine still has' >&2
  printf '  %s\n' "${found[@]}" >&2
  exit 1
fi

if [ "$CLOUD" = gcp ]; then rm --recursive --force /var/google-sudoers.d/*; fi
