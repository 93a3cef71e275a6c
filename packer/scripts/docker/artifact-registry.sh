#!/usr/bin/env bash
# Docker logs in to Artifact Registry with the machine's own identity, while the image is built and on every machine.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

# Debian and Ubuntu have no package of Google's helper. Docker calls this for a password, and never stores it:
# https://github.com/docker/docker-credential-helpers
write_file /usr/local/bin/docker-credential-fleet 0755 <<'END'
#!/usr/bin/env bash
set -euo pipefail
# There is nothing to store and nothing to erase.
[ "${1:-}" = get ] || exit 0
cat >/dev/null
answer=$(curl --silent --show-error --fail --noproxy '*' --retry 3 --header 'Metadata-Flavor: Google' \
  http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token)
token=$(sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p' <<<"$answer")
[ -n "$token" ] || { echo "the metadata server has no token for this machine's service account" >&2; exit 1; }
printf '{"Username": "oauth2accesstoken", "Secret": "%s"}\n' "$token"
END
install -d --mode=0700 /root/.docker
write_file /root/.docker/config.json 0600 <<END
{ "credHelpers": { "$ARTIFACT_REGISTRY": "fleet" } }
END
