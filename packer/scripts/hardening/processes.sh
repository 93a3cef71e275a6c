#!/usr/bin/env bash
# CIS 1.5: core dumps are not kept. This section's kernel settings are in /etc/sysctl.d/99-zz-hardening-processes.conf.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

write_file /etc/security/limits.d/60-fleetgen.conf 0644 <<'END'
* hard core 0
END
write_file /etc/systemd/coredump.conf.d/60-fleetgen.conf 0644 <<'END'
[Coredump]
Storage=none
ProcessSizeMax=0
END
remove_packages apport whoopsie prelink
