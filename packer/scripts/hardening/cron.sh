#!/usr/bin/env bash
# CIS 2.4: only root may schedule jobs.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

for path in /etc/crontab /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/cron.d; do
  if [ -e "$path" ]; then
    chown root:root "$path"
    chmod go-rwx "$path"
  fi
done
for file in /etc/cron.allow /etc/at.allow; do
  write_file "$file" 0640 <<'END'
root
END
done
rm --force /etc/cron.deny /etc/at.deny
