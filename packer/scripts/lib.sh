# shellcheck shell=bash
# Shared by the scripts on the machine being built. Sourced, never run. Every function is idempotent.
#
# DIRECTORY is where the build keeps its files. LAYER, CLOUD and ARCHITECTURE say what is being built.
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a NEEDRESTART_SUSPEND=1
umask 022

say() { printf '%s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Rehearsals use a container as the machine. Its kernel is the host's.
in_container() { systemd-detect-virt --container --quiet; }

# Whether there is an NVIDIA device. Its files in /dev appear only once something uses it.
has_gpu() { grep --quiet --no-messages 0x10de /sys/bus/pci/devices/*/vendor; }

apt() {
  apt-get --quiet --yes --option DPkg::Lock::Timeout=300 --option Dpkg::Options::=--force-confold \
    --option APT::Install-Recommends=false --option Acquire::Retries=8 --option APT::Update::Error-Mode=any "$@"
}

is_installed() { [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_packages NAME[=VERSION]…
install_packages() {
  local package missing=()
  for package in "$@"; do
    is_installed "${package%%=*}" || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  # The parent image has no package lists: clean.sh removed them.
  [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -print -quit)" ] || apt update
  apt install -- "${missing[@]}"
}

# remove_packages NAME…
remove_packages() {
  local package found=()
  for package in "$@"; do
    if is_installed "$package"; then found+=("$package"); fi
  done
  [ "${#found[@]}" -eq 0 ] || apt purge -- "${found[@]}"
}

# old_kernels RELEASE: prints the packages of other kernels than the running RELEASE. Reads lines of STATUS PACKAGE. Matches
# Ubuntu's and Debian's names: linux-image-6.8.0-1021-aws, linux-aws-headers-6.8.0-1021, linux-image-6.12.43+deb13-amd64.
old_kernels() {
  local number='[0-9]+\.[0-9]+\.[0-9]+(-[0-9]+|\+deb[0-9]+)' status package
  [[ $1 =~ ^$number ]] || fail "the running kernel $1 has an unknown kind of name"
  local running=${BASH_REMATCH[0]}
  while read -r status package; do
    if [ "$status" != not-installed ] && [[ $package =~ -($number)(-|$) ]] && [ "${BASH_REMATCH[1]}" != "$running" ]; then
      printf '%s\n' "$package"
    fi
  done
}

# write_file PATH MODE: writes its input to the file, unless the file already has that content.
write_file() {
  local new
  new=$(mktemp)
  cat >"$new"
  if ! cmp --silent "$new" "$1" || [ "$(stat --format=%a "$1")" != "${2#0}" ]; then
    install -D --mode="$2" "$new" "$1"
  fi
  rm --force "$new"
}

# set_line FILE PATTERN LINE: replaces the matching lines, or appends the line.
set_line() {
  if grep --quiet --extended-regexp "$2" "$1"; then
    local new
    new=$(awk -v pattern="$2" -v line="$3" '$0 ~ pattern { if (!done++) print line; next } { print }' "$1")
    printf '%s\n' "$new" | cmp --silent - "$1" || printf '%s\n' "$new" >"$1"
  else
    printf '%s\n' "$3" >>"$1"
  fi
}

# check_sha256 FILE DIGEST
check_sha256() {
  printf '%s  %s\n' "$2" "$1" | sha256sum --check --quiet --strict ||
    fail "the SHA-256 of $1 is not $2, as fleet.yaml says"
}

# put_file PATH OWNER GROUP MODE SHA256: installs a file of the layer from Packer's upload.
put_file() {
  local from=$DIRECTORY/generated/packer/$LAYER/files/$1 to=/$1
  check_sha256 "$from" "$5"
  install -d "$(dirname "$to")"
  if ! cmp --silent "$from" "$to" || [ "$(stat --format='%U %G %a' "$to")" != "$2 $3 $(printf '%o' "0$4")" ]; then
    install --owner="$2" --group="$3" --mode="$4" "$from" "$to"
  fi
}

# put_binary NAME SHA256: installs a program. The runner verified it, and this checks the digest again.
put_binary() {
  local from=$DIRECTORY/artifacts/bin/$1 to=/usr/local/bin/$1
  check_sha256 "$from" "$2"
  cmp --silent "$from" "$to" || install --owner=root --group=root --mode=0755 "$from" "$to"
}

# add_user NAME UID HOME GROUPS: adds a user without a password. One with a home may open sessions.
add_user() {
  local shell=/usr/sbin/nologin create=--no-create-home
  if [ "$3" != /nonexistent ]; then shell=/bin/bash create=--create-home; fi
  getent group "$1" >/dev/null || groupadd --gid "$2" "$1"
  [ "$(getent group "$1" | cut --delimiter=: --fields=3)" = "$2" ] || fail "the group $1 already exists, with another gid than $2"
  getent passwd "$1" >/dev/null ||
    useradd --uid "$2" --gid "$1" --home-dir "$3" --shell "$shell" "$create" --comment '' "$1"
  [ -z "$4" ] || usermod --append --groups "$4" "$1"
}

apply_kernel_settings() {
  if in_container; then
    local settings
    settings=$(sed --quiet --regexp-extended 's/^([a-z][^ =]*) *=.*/\1/p' /etc/sysctl.d/99-zz-*.conf | sort --unique)
    say "kernel settings: skipped, since this is a container: ${settings//$'\n'/ }"
  else
    sysctl --quiet --system
  fi
}

# pull_container IMAGE@DIGEST: the digest is the one that the runner verified.
pull_container() {
  docker image inspect "$1" >/dev/null 2>&1 || docker pull --quiet "$1"
}

enable_service() {
  systemctl daemon-reload
  systemctl --quiet enable "$1"
  systemctl restart "$1"
}

disable_service() {
  systemctl daemon-reload
  systemctl --quiet disable --now "$1"
}

# mask_units UNIT…: masks the units that exist.
mask_units() {
  local unit
  for unit in "$@"; do
    if systemctl list-unit-files --quiet "$unit" >/dev/null 2>&1; then
      systemctl --quiet mask --now "$unit"
      systemctl reset-failed "$unit" 2>/dev/null || true
    fi
  done
}

# trust_key URL SHA256 PATH: installs the signing key of a package archive.
trust_key() {
  local new
  if [ -f "$3" ] && printf '%s  %s\n' "$2" "$3" | sha256sum --check --status --strict; then return; fi
  new=$(mktemp)
  curl --fail --silent --show-error --location --proto '=https' --retry 3 --output "$new" "$1"
  check_sha256 "$new" "$2"
  install -D --mode=0644 "$new" "$3"
  rm --force "$new"
}

# The proxy, if start/proxy.sh set one.
if [ -f "${DIRECTORY:?}/proxy.env" ]; then
  # shellcheck source=/dev/null
  . "$DIRECTORY/proxy.env"
fi
