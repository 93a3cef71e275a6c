#!/usr/bin/env bash
# Runs on a machine that was started from the finished image: it booted, made an identity of its own, passes the checks of
# Goss, and has nothing of the build. Writes boot.json, without which the image is not recorded.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

problems=()
# unless PROBLEM COMMAND…: the command must succeed.
unless() {
  local problem=$1
  shift
  "$@" >/dev/null 2>&1 || problems+=("$problem")
}
# left WHAT COMMAND…: the command must print nothing.
left() {
  local what=$1 output
  shift
  output=$("$@" 2>/dev/null | head --lines=3 || true)
  if [ -n "$output" ]; then problems+=("$what was left: $(tr '\n' ' ' <<<"$output")"); fi
}

# degraded: a unit failed. In a container, auditd does.
state=$(timeout 600 systemctl is-system-running --wait || true)
if ! in_container && [ "$state" != running ]; then
  problems+=("the boot ended as $state: $(systemctl list-units --failed --no-legend --plain | cut --delimiter=' ' --fields=1 | tr '\n' ' ')")
fi
for line in "FLEET=$FLEET" "LAYER=$LAYER" "KEY=$KEY" "COMMIT=$COMMIT" "ARCHITECTURE=$ARCHITECTURE"; do
  unless "/etc/fleet-release does not say $line" grep --quiet --line-regexp --fixed-strings "$line" /etc/fleet-release
done
unless 'the machine has no id' grep --quiet --extended-regexp '^[0-9a-f]{32}$' /etc/machine-id
unless 'the machine made no host keys' test -s /etc/ssh/ssh_host_ed25519_key
if command -v cloud-init >/dev/null && ! in_container; then
  unless 'cloud-init did not finish' test -f /var/lib/cloud/instance/boot-finished
fi
if ! in_container; then
  unless 'the agent for sessions is not running' systemctl is-active --quiet '*amazon-ssm-agent.service' 'google-guest-agent*.service'
fi
# Packer's own key is in the login user's file. cloud-init also puts it in root's, with a command that turns root away.
left 'a key' find / -xdev -name authorized_keys -path '*/.ssh/*' -size +0 -not -path "/home/${SUDO_USER:-root}/*" \
  -not -path /root/.ssh/authorized_keys
left "a key of root's" grep --invert-match --extended-regexp '^(#|$)|Please login as the user' /root/.ssh/authorized_keys
left 'a history' find /root /home -xdev -name '.*_history'
left "the build's proxy" grep --recursive --files-with-matches 'fleetgen-proxy\|Acquire::http::Proxy "' /etc/apt /etc/systemd
left 'a build tool' find /usr/local/bin /usr/bin -name trivy -o -name goss
left "the build's directory" find "$DIRECTORY" -maxdepth 2 '(' -name trivy -o -name bin -o -name proxy.env ')'
left 'a credential' find /root /home -xdev \( -path '*/.aws/*' -o -path '*/.docker/config.json' -o -path '*/.config/gcloud/*' \)

bash "$DIRECTORY/packer/scripts/goss.sh"
case $(cat "$DIRECTORY/reports/goss.status") in
  0) ;;
  78) problems+=("Goss cannot read the Goss file of $LAYER, or it has no checks") ;;
  *) problems+=('Goss: the machine is not what fleet.yaml describes') ;;
esac
[ "${#problems[@]}" -eq 0 ] || fail "the image boots, but $(printf '%s; ' "${problems[@]}")"

# Nothing here needs quoting.
cat >"$DIRECTORY/reports/boot.json" <<END
{
  "layer": "$LAYER",
  "key": "$KEY",
  "commit": "$COMMIT",
  "architecture": "$ARCHITECTURE",
  "image": "$IMAGE",
  "kernel": "$(uname --kernel-release)",
  "state": "$state"
}
END
