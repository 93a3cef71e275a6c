#!/usr/bin/env bash
# Saves what a person needs to debug a failed build before its machine is gone. Must not fail itself.
set -uo pipefail

section() { printf '\n== %s\n' "$*"; }
section 'failed units'
systemctl --no-pager --failed
section 'the last warnings and errors of the journal'
journalctl --no-pager --boot --priority=warning --lines=100
section 'cloud-init'
tail --lines=50 /var/log/cloud-init-output.log 2>/dev/null
section 'Goss'
cat "$DIRECTORY/reports/goss.log" 2>/dev/null
section 'disk'
df --human-readable /
exit 0
