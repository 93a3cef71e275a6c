# shellcheck shell=bash
# Shared by the scripts on the machine that runs Packer: fetching, verifying and signing. Sourced, never run.
#
# COSIGN_KEY is `aws`, `gcp`, `offline`, or the path of a public key. Default: the key of the cloud that the image is for, or
# else the fleet's first key. Set COSIGN, GOSS or TRIVY to use your own build of one.
# shellcheck source=generated/packer/keys.sh
. "${repository:?}/generated/packer/keys.sh"

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# cosign_key [CLOUD]: the key to verify with, and to sign with unless SIGNING_KEY is set.
cosign_key() {
  local chosen=$COSIGN_DEFAULT
  if [ -n "${1:-}" ] && [ -n "${COSIGN_KEYS[$1]:-}" ]; then chosen=$1; fi
  chosen=${COSIGN_KEY:-$chosen}
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
    touch "$directory/$2"
    return
  fi
  fetch_verified "$3" "$directory/.download/$2" "$4"
  case $3 in
    *.tar.gz) tar --extract --touch --gzip --file "$directory/.download/$2" --directory "$directory" "$2" ;;
    *) install --mode=0755 "$directory/.download/$2" "$directory/$2" ;;
  esac
}

# cloud_of SOURCE
cloud_of() {
  case $1 in
    amazon-ebs.*) printf aws ;;
    *) printf gcp ;;
  esac
}

# is_wanted CLOUD: whether this run builds images for the cloud.
is_wanted() { [[ " ${clouds[*]:-} " == *" $1 "* ]]; }

# fetch_binary CLOUD ARCHITECTURE NAME URL SHA256 SIGNATURE: checks the digest and the publisher's signature.
fetch_binary() {
  is_wanted "$1" || return 0
  local file=$artifacts/$2/bin/$3 bundle key
  bundle=$artifacts/$2/.download/$3.$1.sigstore.json
  fetch_verified "$4" "$file" "$5"
  mkdir -p "$(dirname "$bundle")"
  fetch "$6" "$bundle"
  key=$(cosign_key "$1")
  if ! cosign verify-blob --key "$key" --bundle "$bundle" --insecure-ignore-tlog=true "$file" 2>"$bundle.log"; then
    cat "$bundle.log" >&2
    rm --force "$file"
    fail "the signature of $3 for $2 does not verify with $key, so no image is built. Check that $4 was signed with this key."
  fi
}

# verify_container CLOUD IMAGE@DIGEST
verify_container() {
  is_wanted "$1" || return 0
  local key login=()
  key=$(cosign_key "$1")
  # With these keychains, cosign logs in to ECR with the credentials of this machine.
  case $2 in *.dkr.ecr.*) login=(--k8s-keychain) ;; esac
  cosign verify --key "$key" --insecure-ignore-tlog=true "${login[@]}" "$2" >/dev/null ||
    fail "the signature of the container $2 does not verify with $key, so no image is built. Check that it was signed with this key."
}

# pack ARCHITECTURE: packs what is copied to the machine. Session Manager carries at most 1 MB/s. Goss is apart, since the
# finished image is tested with it, too.
pack() {
  local from=$artifacts/$1
  archive "$from" "$artifacts/$1-goss.tar.gz" goss
  mkdir -p "$from/bin"
  archive "$from" "$artifacts/$1.tar.gz" trivy bin
}

# archive DIRECTORY FILE NAME…: does nothing if the archive is newer than its content.
archive() {
  local from=$1 to=$2
  shift 2
  if [ -f "$to" ] && [ -z "$(cd "$from" && find "$@" -newer "$to")" ]; then return; fi
  tar --create --gzip --directory "$from" --owner=0 --group=0 --file "$to.part" "$@"
  mv "$to.part" "$to"
}

# sign_blob FILE BUNDLE: signs without sending anything to a public log.
sign_blob() {
  cosign sign-blob --yes --key "${SIGNING_KEY:-$(cosign_key)}" --use-signing-config=false --tlog-upload=false \
    --bundle "$2" "$1" >/dev/null
}

# need PROGRAM: the program must be there.
need() {
  # Not `command -v`: there is a function called cosign.
  type -P "$1" >/dev/null && return
  case $1 in
    tar | curl) fail "$1 is missing: install it with the system's package manager" ;;
    *) fail "$1 is missing: packer/runner/install-tools.sh installs it, at the pinned version" ;;
  esac
}

# Everything is checked before a machine is started: Packer would find it out after minutes, or not say what is missing.
preflight() {
  need packer
  need tar
  need curl
  need "${COSIGN:-cosign}"
}

# preflight_aws REGION
preflight_aws() {
  preflight
  need aws
  need session-manager-plugin
  local version
  version=$(session-manager-plugin --version)
  # 1.2.688.0 broke the sessions of Packer (aws/session-manager-plugin#100).
  [ "$(printf '%s\n' 1.2.694.0 "$version" | sort --version-sort | head --lines=1)" = 1.2.694.0 ] ||
    fail "session-manager-plugin is version $version; Packer needs 1.2.694.0 or later. packer/runner/install-tools.sh installs the pinned version."
  aws sts get-caller-identity --region "$1" >/dev/null ||
    fail 'AWS accepts no credentials of this machine. In a workflow, use aws-actions/configure-aws-credentials with a role.'
}

preflight_gcp() {
  preflight
  need gcloud
  # gcloud is slow to upload through a tunnel without NumPy, which it finds only with this.
  export CLOUDSDK_PYTHON_SITEPACKAGES=1
  # Packer logs in with this account's OS Login user. A federated identity without a service account has none.
  gcloud compute os-login describe-profile --quiet >/dev/null ||
    fail 'OS Login has no profile for the credentials of this machine. Enable the API oslogin.googleapis.com. In a workflow, give google-github-actions/auth a service_account.'
}
