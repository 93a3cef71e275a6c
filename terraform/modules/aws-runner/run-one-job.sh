#!/bin/bash
# Registers this machine with GitHub for one job, runs it, and ends the machine. /etc/fleet/runner.env has the settings.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=/dev/null
. /etc/fleet/runner.env

# GitHub publishes the digest with the release.
version=2.337.0
sha256=70920811a4f8ad4328818682bca5c6469c1c942fab52448868071d0063816613
# In seconds: how long a runner waits for a job. A hosted job that starts a machine may be canceled.
patience=${PATIENCE:-1800}
home=/home/runner/runner

# metadata PATH
metadata() {
  local token
  token=$(curl --fail --silent --noproxy '*' --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
  printf 'header = "X-aws-ec2-metadata-token: %s"\n' "$token" |
    curl --config - --fail --silent --noproxy '*' --retry 5 "http://169.254.169.254/latest/meta-data/$1"
}

# What curl needs to sign a request, from the metadata service's credentials. In Python, which every image has: a machine ends
# itself even if nothing could be installed.
sign='import json, sys
role = json.load(sys.stdin)
print("user = \"%s:%s\"" % (role["AccessKeyId"], role["SecretAccessKey"]))
print("header = \"X-Amz-Security-Token: %s\"" % role["Token"])'

# aws SERVICE CURL-ARGUMENT…: a request with this machine's identity. Secrets are never arguments, which every user can see.
aws() {
  local service=$1 role
  shift
  role=$(metadata iam/security-credentials/)
  metadata "iam/security-credentials/$role" | python3 -c "$sign" |
    curl --config - --fail-with-body --silent --show-error --retry 3 --aws-sigv4 "aws:amz:$REGION:$service" "$@" \
      "https://$service.$REGION.amazonaws.com/"
}

# github TOKEN METHOD PATH [BODY]
github() {
  local answer
  answer=$(printf 'header = "Authorization: Bearer %s"\n' "$1" |
    curl --config - --fail-with-body --silent --show-error --retry 3 --request "$2" --header 'Accept: application/vnd.github+json' \
      --header 'X-GitHub-Api-Version: 2022-11-28' ${4:+--data "$4"} "https://api.github.com$3") || {
    printf 'GitHub: %s\n' "$answer" >&2
    return 1
  }
  printf '%s\n' "$answer"
}

# The group starts no other machine instead of this one.
finish() {
  local instance
  pkill --signal KILL --uid runner || true
  until instance=$(metadata instance-id) && aws autoscaling --data Action=TerminateInstanceInAutoScalingGroup \
    --data ShouldDecrementDesiredCapacity=true --data Version=2011-01-01 --data "InstanceId=$instance"; do
    sleep 30
  done
}
trap finish EXIT

base64url() { basenc --base64url --wrap=0 | tr --delete =; }

# token: a token for this repository alone, which can register runners and nothing else.
token() {
  local key now signed jwt installation
  key=$(aws secretsmanager --header 'Content-Type: application/x-amz-json-1.1' --header 'X-Amz-Target: secretsmanager.GetSecretValue' \
    --data "$(jq --null-input --compact-output --arg id "$APP_KEY" '{SecretId: $id}')" | jq --raw-output .SecretString)
  now=$(date +%s)
  signed=$(printf '{"alg":"RS256","typ":"JWT"}' | base64url).$(printf '{"iat":%s,"exp":%s,"iss":"%s"}' $((now - 60)) $((now + 540)) "$APP" | base64url)
  jwt=$signed.$(printf %s "$signed" | openssl dgst -sha256 -sign <(printf '%s\n' "$key") -binary | base64url)
  installation=$(github "$jwt" GET "/repos/$REPOSITORY/installation" | jq .id)
  github "$jwt" POST "/app/installations/$installation/access_tokens" \
    "$(jq --null-input --compact-output --arg name "${REPOSITORY#*/}" '{repositories: [$name], permissions: {administration: "write"}}')" |
    jq --raw-output .token
}

curl --fail --silent --show-error --location --retry 5 --output /root/runner.tar.gz \
  "https://github.com/actions/runner/releases/download/v$version/actions-runner-linux-x64-$version.tar.gz"
printf '%s  /root/runner.tar.gz\n' "$sha256" | sha256sum --check --quiet --strict
useradd --create-home --shell /bin/bash runner
install --directory --owner=runner --group=runner "$home"
tar --extract --gzip --file /root/runner.tar.gz --directory "$home"
chown --recursive runner:runner "$home"
# A job has the role that GitHub's token gives it, and not the machine's, which could read the key of the app.
nft 'add table inet fleet; add chain inet fleet output { type filter hook output priority 0; }; add rule inet fleet output meta skuid != 0 ip daddr 169.254.169.254 reject'

token=$(token)
jit=$(github "$token" POST "/repos/$REPOSITORY/actions/runners/generate-jitconfig" \
  "$(jq --null-input --compact-output --arg name "$LABEL-$(metadata instance-id)" --arg own "$LABEL" \
    '{name: $name, runner_group_id: 1, labels: [$own], work_folder: "_work"}')" |
  jq --raw-output .encoded_jit_config)
github "$token" DELETE /installation/token

cd "$home"
# In the environment and not an argument, which every user can see. There is no variable for plain HTTP: the proxy refuses it, and some
# actions would send everything there. .NET needs no ICU with this setting.
export ACTIONS_RUNNER_INPUT_JITCONFIG=$jit HTTPS_PROXY=$https_proxy NO_PROXY=$no_proxy DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
export HOME=/home/runner USER=runner LOGNAME=runner
# The credentials of builds are good for three hours, and those of other jobs for one.
env --unset=APP --unset=APP_KEY timeout --kill-after=1m 4h runuser --user runner -- ./run.sh &
runner=$!
has_job() { compgen -G "$home/_diag/Worker_*.log" >/dev/null; }
for ((waited = 0; waited < patience; waited += 5)); do
  if has_job || ! kill -0 "$runner" 2>/dev/null; then break; fi
  sleep 5
done
if has_job; then
  wait "$runner" || true
else
  echo 'no job came'
fi
