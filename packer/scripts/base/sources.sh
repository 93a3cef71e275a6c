#!/usr/bin/env bash
# Packages come from the archive's snapshot of one day, so that the same fleet.yaml installs the same packages, or from your
# own mirror.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

day=${UPDATES_UNTIL//-/}T235959Z
archive=${MIRROR:-https://$SNAPSHOT_HOST/$ARCHIVE/$day}
# Debian's mirrors have the security archive next to the main one.
security=${MIRROR:+$MIRROR$SECURITY_MIRROR}
security=${security:-https://$SNAPSHOT_HOST/$SECURITY_ARCHIVE/$day}

# Only one list may say where packages come from, so remove the vendor's.
rm --force /etc/apt/sources.list /etc/apt/sources.list.d/{ubuntu,debian}.sources
write_file /etc/apt/sources.list.d/fleetgen.sources 0644 <<END
Types: deb
URIs: $archive
Suites: $CODENAME $CODENAME-updates
Components: $COMPONENTS
Signed-By: $KEYRING

Types: deb
URIs: $security
Suites: $CODENAME-security
Components: $COMPONENTS
Signed-By: $KEYRING
END
# cloud-init would write the vendor's list again on every machine.
write_file /etc/cloud/cloud.cfg.d/95-fleetgen.cfg 0644 <<'END'
apt: { preserve_sources_list: true }
END
# A snapshot's Valid-Until date is in the past.
write_file /etc/apt/apt.conf.d/90fleetgen 0644 <<END
Acquire::Check-Valid-Until "false";
APT::Install-Recommends "false";
END
# Ubuntu offers some updates to a share of all machines, chosen by machine id: the same day would give different packages.
write_file /etc/apt/apt.conf.d/91fleetgen-phases 0644 <<'END'
APT::Get::Never-Include-Phased-Updates "true";
END
