#!/usr/bin/env bash
# CIS 1.6: login banners say who may log in, and nothing about the system.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

for file in /etc/issue /etc/issue.net /etc/motd; do
  write_file "$file" 0644 <<'END'
Authorized use only. Use may be monitored and recorded.
END
done
# Parts of the message of the day that show the system's version and state.
if [ -d /etc/update-motd.d ]; then chmod --recursive a-x,u+X,g+X,o+X /etc/update-motd.d; fi
if [ -f /etc/default/motd-news ]; then set_line /etc/default/motd-news '^ENABLED=' 'ENABLED=0'; fi
