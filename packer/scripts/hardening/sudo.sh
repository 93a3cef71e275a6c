#!/usr/bin/env bash
# CIS 5.2: sudo needs its own terminal and keeps a log, and only root may use su. NOPASSWD stays: no user has a password.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

write_file /etc/sudoers.d/60-fleetgen 0440 <<'END'
Defaults use_pty
Defaults logfile="/var/log/sudo.log"
Defaults timestamp_timeout=15
END
visudo --check >/dev/null
getent group sugroup >/dev/null || groupadd --system sugroup
set_line /etc/pam.d/su '^#?[[:space:]]*auth[[:space:]]+required[[:space:]]+pam_wheel.so' \
  'auth required pam_wheel.so use_uid group=sugroup'
