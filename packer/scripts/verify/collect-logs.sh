#!/usr/bin/env bash
# What a person needs to see of a build that failed, before its machine is gone. Must not fail itself.
set -uo pipefail

section() { printf '\n== %s\n' "$*"; }
section 'failed units'
systemctl --no-pager --failed
section 'the last of the journal, warnings and worse'
journalctl --no-pager --boot --priority=warning --lines=100
section 'cloud-init'
tail --lines=50 /var/log/cloud-init-output.log 2>/dev/null
section 'Goss'
cat "$DIRECTORY/reports/goss.log" 2>/dev/null
section 'disk'
df --human-readable /
exit 0
