#!/usr/bin/env bash
# After a reboot on AWS: waits until the agent of Session Manager is back, and ends the old sessions. The plugin on this
# machine does not notice that a session is dead; when one is ended, Packer starts another.
# Reads INSTANCE and REGION. Usage: wait-for-agent.sh
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packer/runner/lib.sh
. "$repository/packer/runner/lib.sh"
aws() { command aws --region "${REGION:?}" --output text "$@"; }

# The old agent stops within seconds of this: an older ping does not count.
since=$(date +%s)
limit=$((since + ${AGENT_WAIT:-600}))
while :; do
  ping=$(aws ssm describe-instance-information --filters "Key=InstanceIds,Values=${INSTANCE:?}" \
    --query "InstanceInformationList[?PingStatus=='Online'].LastPingDateTime" || true)
  if [ -n "$ping" ] && [ "$(date --date="$(awk '/^[0-9.]+$/ { printf "@" } { print }' <<<"$ping")" +%s)" -gt "$((since + ${AGENT_MARGIN:-15}))" ]; then break; fi
  [ "$(date +%s)" -lt "$limit" ] ||
    fail "after the reboot, the agent of $INSTANCE did not come back; look at the serial console, and at the endpoints ssm and ssmmessages of the build network"
  sleep "${AGENT_POLL:-5}"
done
for session in $(aws ssm describe-sessions --state Active --filters "key=Target,value=$INSTANCE" --query 'Sessions[].SessionId'); do
  aws ssm terminate-session --session-id "$session" >/dev/null
done
