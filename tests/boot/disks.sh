#!/usr/bin/env bash
# The program that mounts a group's disks, with real file systems on files of this machine. Usage: disks.sh ROOT, in a mount namespace of its own;
# ROOT is a machine's file system. NVMe and the mapper are stand-ins: what they are asked, and how they answer, is what their manuals say.
set -euo pipefail
root=$1 at=$1/root/boot
mkdir -p "$at"/{bin,names} "$at"/devices/{disk/by-id,mapper}
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
loops=()
trap 'umount --recursive "$root/srv" 2>/dev/null; for loop in "${loops[@]}"; do losetup --detach "$loop"; done' EXIT
mount -t tmpfs tmpfs "$root/srv"

fail() {
  echo "error: $*" >&2
  exit 1
}

# disk NAME: attaches an empty disk, and prints its device.
disk() {
  truncate --size=320M "$at/$1.img"
  losetup --find --show "$at/$1.img"
}

for name in data media local1 local2 striped foreign table; do
  declare "$name=$(disk "$name")"
  loops+=("${!name}")
done

# nvme id-ctrl --raw-binary DEVICE
cat >"$at/bin/nvme" <<'END'
#!/bin/bash
head --bytes=3072 /dev/zero
printf '%-32s' "$(cat "/root/boot/names/${3##*/}")"
head --bytes=992 /dev/zero
END
# dmsetup info NAME, and dmsetup create NAME --table TABLE
cat >"$at/bin/dmsetup" <<END
#!/bin/bash
if [ "\$1" = info ]; then [ -e /root/boot/devices/mapper/\$2 ]; exit; fi
echo "\$4" >/root/boot/table
ln --symbolic "$striped" "/root/boot/devices/mapper/\$2"
END
chmod +x "$at"/bin/*

ln --symbolic "$foreign" "$at/devices/nvme0n1"
echo /dev/xvdz >"$at/names/nvme0n1"
# AWS's kernel names the disk nvme1n1, and the launch template sdf.
ln --symbolic "$data" "$at/devices/nvme1n1"
echo sdf >"$at/names/nvme1n1"
ln --symbolic "$media" "$at/devices/disk/by-id/google-media"
for name in AWS1 AWS1_1 AWS1-part1; do ln --symbolic "$local1" "$at/devices/disk/by-id/nvme-Amazon_EC2_NVMe_Instance_Storage_$name"; done

run() {
  printf '%s\n' "$@" >"$at/list"
  chroot "$root" env PATH=/root/boot/bin:/usr/sbin:/usr/bin:/sbin:/bin FLEET_DISKS=/root/boot/list \
    FLEET_DEVICES=/root/boot/devices FLEET_ATTEMPTS=1 /usr/local/libexec/fleet-disks
}
mounted() { chroot "$root" findmnt --noheadings --output SOURCE,FSTYPE "$1" | tr --squeeze-repeats ' '; }

all=('sdf ext4 web /srv/data' 'google-media xfs root /srv/media' 'instance-store ext4 web /srv/one')
run "${all[@]}"
[ "$(mounted /srv/data)" = "$data ext4" ] || fail "/srv/data has $(mounted /srv/data)"
[ "$(mounted /srv/media)" = "$media xfs" ] || fail "/srv/media has $(mounted /srv/media)"
[ "$(mounted /srv/one)" = "$local1 ext4" ] || fail "/srv/one has $(mounted /srv/one)"
[ "$(chroot "$root" stat --format=%U /srv/data)" = web ] || fail 'the owner of /srv/data is not web'
chroot "$root" findmnt --noheadings --output OPTIONS /srv/data | grep --quiet nosuid.*nodev || fail 'a program there could gain rights'

# After a restart, what is on a disk is still there.
echo kept >"$root/srv/data/file"
run "${all[@]}"
umount "$root"/srv/{data,media,one}
run "${all[@]}"
[ "$(cat "$root/srv/data/file")" = kept ] || fail 'the disk was formatted again'

# Several disks inside the host are one.
ln --symbolic "$local2" "$at/devices/disk/by-id/nvme-Amazon_EC2_NVMe_Instance_Storage_AWS2"
run 'instance-store ext4 root /srv/many'
[ "$(cat "$at/table")" = "0 1310720 striped 2 512 $local1 0 $local2 0" ] || fail "the table is $(cat "$at/table")"
[ "$(mounted /srv/many)" = "$striped ext4" ] || fail "/srv/many has $(mounted /srv/many)"

# refused WORDS LINE
refused() {
  local said
  if said=$(run "$2" 2>&1); then fail "accepted: $2"; fi
  grep --quiet "$1" <<<"$said" || fail "it should say '$1', but says: $said"
}
umount "$root/srv/data"
refused 'something other than xfs' 'sdf xfs web /srv/data'
[ "$(blkid --output value --match-tag TYPE "$data")" = ext4 ] || fail 'data was lost'
# A partition table, without partitions.
printf '\125\252' | dd of="$table" bs=1 seek=510 conv=notrunc status=none
ln --symbolic "$table" "$at/devices/sdh"
refused 'something other than ext4' 'sdh ext4 root /srv/x'
refused 'is not there' 'sdg ext4 root /srv/x'
umount "$root"/srv/{one,many,media}
rm "$at"/devices/disk/by-id/nvme-*
refused 'no disks inside the host' 'instance-store ext4 root /srv/x'
