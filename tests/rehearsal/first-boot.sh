#!/usr/bin/env bash
# What cloud-init, or Google's guest agent, does when a machine starts for the first time: lets the user of the build in.
# Usage, in the root of the machine: first-boot.sh CLOUD USER HOST PROXY KEYS
set -euo pipefail
cloud=$1 user=$2 host=$3 proxy=$4 keys=$5

printf '%s\n' "$host" >/etc/hostname
# In production, the network's private zone has the name of the proxy.
printf '127.0.0.1 localhost %s\n10.99.0.1 registry.localhost %s\n' "$host" "$proxy" >/etc/hosts
id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --comment '' "$user"
# No password, and not locked: sshd turns away who is.
usermod --password '*' "$user"
install --directory --mode=0700 --owner="$user" --group="$user" "/home/$user" "/home/$user/.ssh"
install --mode=0600 --owner="$user" --group="$user" /dev/null "/home/$user/.ssh/authorized_keys"
printf '%s\n' "$keys" >"/home/$user/.ssh/authorized_keys"
case $cloud in
  aws) sudoers=/etc/sudoers.d/90-cloud-init-users ;;
  gcp)
    sudoers=/var/google-sudoers.d/$user
    install --directory --mode=0750 /var/google-sudoers.d
    printf '#includedir /var/google-sudoers.d\n' >/etc/sudoers.d/google_sudoers
    chmod 0440 /etc/sudoers.d/google_sudoers
    ;;
esac
printf '%s ALL=(ALL) NOPASSWD:ALL\n' "$user" >"$sudoers"
chmod 0440 "$sudoers"
ssh-keygen -A >/dev/null
