#!/usr/bin/env bash
# Packages come from the archive as it was on one day, so that the same fleet.yaml gives the same packages; or from a mirror
# of one's own.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

day=${UPDATES_UNTIL//-/}T235959Z
security=$MIRROR
case $DISTRIBUTION in
  ubuntu)
    archive=${MIRROR:-https://snapshot.ubuntu.com/ubuntu/$day}
    security=$archive components='main restricted universe multiverse'
    keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
    ;;
  debian)
    archive=${MIRROR:-https://snapshot.debian.org/archive/debian/$day}
    # Debian's mirrors have the security archive beside the main one.
    security=${MIRROR:+$MIRROR-security}
    security=${security:-https://snapshot.debian.org/archive/debian-security/$day}
    components='main contrib non-free-firmware'
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    ;;
  *) fail "no sources are known for $DISTRIBUTION" ;;
esac

# The vendor's own list would be a second truth.
rm --force /etc/apt/sources.list /etc/apt/sources.list.d/{ubuntu,debian}.sources
write_file /etc/apt/sources.list.d/fleetgen.sources 0644 <<END
Types: deb
URIs: $archive
Suites: $CODENAME $CODENAME-updates
Components: $components
Signed-By: $keyring

Types: deb
URIs: $security
Suites: $CODENAME-security
Components: $components
Signed-By: $keyring
END
# cloud-init would write the vendor's list anew, on every machine.
write_file /etc/cloud/cloud.cfg.d/95-fleetgen.cfg 0644 <<'END'
apt: { preserve_sources_list: true }
END
# A snapshot's dates of validity are over by nature.
write_file /etc/apt/apt.conf.d/90fleetgen 0644 <<END
Acquire::Check-Valid-Until "false";
APT::Install-Recommends "false";
END
