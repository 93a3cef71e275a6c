# shellcheck shell=bash
# Shared by the scripts on the machine that runs Packer: fetching, verifying and signing. Sourced, never run.
#
# COSIGN_KEY is `aws`, `gcp`, `offline`, or the path of a public key. Default: the fleet's first key. Set COSIGN, GOSS or
# TRIVY to use your own build of one.
# shellcheck source=generated/packer/keys.sh
. "${repository:?}/generated/packer/keys.sh"

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

cosign_key() {
  local chosen=${COSIGN_KEY:-$COSIGN_DEFAULT}
  if [ -n "${COSIGN_KEYS[$chosen]:-}" ]; then
    printf '%s' "${COSIGN_KEYS[$chosen]}"
  elif [ -f "$chosen" ]; then
    printf '%s' "$chosen"
  else
    fail "COSIGN_KEY is '$chosen', but must be one of ${!COSIGN_KEYS[*]}, or the path of a public key"
  fi
}

# The key may be in another region than the build.
cosign() { env ${COSIGN_AWS_REGION:+AWS_REGION="$COSIGN_AWS_REGION"} "${COSIGN:-cosign}" "$@"; }

# fetch URL FILE
fetch() {
  case $1 in
    s3://*) aws s3 cp --only-show-errors "$1" "$2" ;;
    gs://*) gcloud storage cp --quiet "$1" "$2" ;;
    https://*) curl --fail --silent --show-error --location --proto '=https' --retry 3 --output "$2" "$1" ;;
    *) fail "cannot fetch $1: only s3://, gs:// and https:// URLs are supported" ;;
  esac || fail "cannot fetch $1"
}

has_sha256() { printf '%s  %s\n' "$2" "$1" | sha256sum --check --status --strict; }

# fetch_verified URL FILE SHA256: checks the digest. Skips the download if the file already has it.
fetch_verified() {
  if [ -f "$2" ] && has_sha256 "$2" "$3"; then return; fi
  mkdir -p "$(dirname "$2")"
  fetch "$1" "$2.part"
  has_sha256 "$2.part" "$3" ||
    fail "$1 has SHA-256 $(sha256sum "$2.part" | cut --delimiter=' ' --fields=1), but $3 is pinned"
  mv "$2.part" "$2"
}

# fetch_tool ARCHITECTURE NAME URL SHA256: a tool that runs on the machine being built.
fetch_tool() {
  local directory=${artifacts:?}/$1 given=${2^^}
  mkdir -p "$directory"
  if [ -n "${!given:-}" ]; then
    install --mode=0755 "${!given}" "$directory/$2"
    return
  fi
  fetch_verified "$3" "$directory/.download/$2" "$4"
  case $3 in
    *.tar.gz) tar --extract --gzip --file "$directory/.download/$2" --directory "$directory" "$2" ;;
    *) install --mode=0755 "$directory/.download/$2" "$directory/$2" ;;
  esac
}

# fetch_binary ARCHITECTURE NAME URL SHA256 SIGNATURE: checks the digest and the publisher's signature.
fetch_binary() {
  local file=$artifacts/$1/bin/$2 bundle key
  bundle=$artifacts/$1/.download/$2.sigstore.json
  fetch_verified "$3" "$file" "$4"
  mkdir -p "$(dirname "$bundle")"
  fetch "$5" "$bundle"
  key=$(cosign_key)
  if ! cosign verify-blob --key "$key" --bundle "$bundle" --insecure-ignore-tlog=true "$file" 2>"$bundle.log"; then
    cat "$bundle.log" >&2
    rm --force "$file"
    fail "the signature of $2 for $1 does not verify with $key, so no image is built. Check that $3 was signed with this key."
  fi
}

# verify_container IMAGE@DIGEST
verify_container() {
  local key
  key=$(cosign_key)
  cosign verify --key "$key" --insecure-ignore-tlog=true "$1" >/dev/null ||
    fail "the signature of the container $1 does not verify with $key, so no image is built. Check that it was signed with this key."
}

# sign_blob FILE BUNDLE: signs without sending anything to a public log.
sign_blob() {
  cosign sign-blob --yes --key "${SIGNING_KEY:-$(cosign_key)}" --use-signing-config=false --tlog-upload=false \
    --bundle "$2" "$1" >/dev/null
}
