#!/usr/bin/env bash
# The program that mounts the disks of a group. boot.sh starts it.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

# nvme asks a disk of AWS for its name, and dmsetup makes one disk of several.
install_packages dmsetup nvme-cli xfsprogs
# They connect to disks in the network, of which there are none.
mask_units nvmf-autoconnect.service nvmefc-boot-connections.service

write_file /usr/local/libexec/fleet-disks 0755 <<'SCRIPT'
#!/usr/bin/env bash
# Mounts the disks that /etc/fleet/disks lists, one on each line: DEVICE FILESYSTEM OWNER PATH. A blank disk gets its file system first. A
# disk with anything on it is never formatted. The variables are for tests.
set -euo pipefail
list=${FLEET_DISKS:-/etc/fleet/disks} devices=${FLEET_DEVICES:-/dev}

fail() {
  echo "error: $*" >&2
  exit 1
}

# The name that AWS gave a disk, such as sdf: the controller of the disk knows it.
# https://docs.aws.amazon.com/ebs/latest/userguide/identify-nvme-ebs-device.html
name_of() {
  local name
  name=$(nvme id-ctrl --raw-binary "$1" | tail --bytes=+3073 | head --bytes=32 | tr --delete ' \0')
  echo "${name#/dev/}"
}

find_named() {
  local disk
  # On older machine types of AWS, and on GCP.
  for disk in "$devices/$1" "$devices/xvd${1#sd}" "$devices/disk/by-id/$1"; do
    if [ -e "$disk" ]; then
      readlink --canonicalize "$disk"
      return
    fi
  done
  for disk in "$devices"/nvme*n1; do
    if [ -e "$disk" ] && [ "$(name_of "$disk")" = "$1" ]; then
      readlink --canonicalize "$disk"
      return
    fi
  done
  return 1
}

# A disk may appear some seconds after the machine.
wait_for() {
  local attempt
  for attempt in $(seq "${FLEET_ATTEMPTS:-60}"); do
    if find_named "$1"; then return; fi
    sleep 1
  done
  fail "the disk $1 is not there after $attempt attempts"
}

# All disks inside the host, as one.
instance_store() {
  local link disk size smallest='' table='' disks=()
  for link in "$devices"/disk/by-id/{nvme-Amazon_EC2_NVMe_Instance_Storage_,google-local-nvme-ssd-}*; do
    if ! [ -e "$link" ] || [[ $link == *-part* ]]; then continue; fi
    disk=$(readlink --canonicalize "$link")
    # One disk has several names. The order is that of serial numbers, which stays when a machine restarts.
    [[ " ${disks[*]} " == *" $disk "* ]] || disks+=("$disk")
  done
  [ "${#disks[@]}" -gt 0 ] || fail "this machine has no disks inside the host"
  if [ "${#disks[@]}" -eq 1 ]; then
    echo "${disks[0]}"
    return
  fi
  # Striped in blocks of 256 KiB, as large as the smallest disk allows.
  for disk in "${disks[@]}"; do
    size=$(blockdev --getsz "$disk")
    if [ -z "$smallest" ] || [ "$size" -lt "$smallest" ]; then smallest=$size; fi
    table+=" $disk 0"
  done
  size=$((smallest / 512 * 512 * ${#disks[@]}))
  if ! dmsetup info fleet-instance-store >/dev/null 2>&1; then
    dmsetup create fleet-instance-store --table "0 $size striped ${#disks[@]} 512$table" >&2
  fi
  echo "$devices/mapper/fleet-instance-store"
}

while read -r name filesystem owner path; do
  if mountpoint --quiet "$path"; then continue; fi
  if [ "$name" = instance-store ]; then device=$(instance_store); else device=$(wait_for "$name"); fi
  # blkid ends with 2 if it finds nothing. Whatever else it finds is data.
  found=$(blkid --probe --output export "$device") || [ $? -eq 2 ] || fail "the disk $name cannot be read"
  if [ -z "$found" ]; then
    "mkfs.$filesystem" -q "$device"
  elif ! grep --quiet --line-regexp "TYPE=$filesystem" <<<"$found"; then
    fail "the disk $name has something other than $filesystem on it: ${found//$'\n'/ }"
  fi
  mkdir --parents "$path"
  mount --types "$filesystem" --options nodev,nosuid "$device" "$path"
  chown "$owner:" "$path"
done <"$list"
SCRIPT
