#!/usr/bin/env bash
# CIS 1.1.1 and 3.2: unused file systems and protocols cannot be loaded. Docker needs overlay, and snaps need squashfs.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

for module in cramfs freevxfs hfs hfsplus jffs2 udf usb-storage dccp tipc rds sctp; do
  write_file "/etc/modprobe.d/fleetgen-$module.conf" 0644 <<END
install $module /bin/false
blacklist $module
END
done
