#!/usr/bin/env bash
# Machines never update themselves: new packages come with a new image.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

mask_units apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service
# Ubuntu's services that need the internet, and fail without it: news, firmware, support contracts, and random numbers from
# a server. Nothing reads the statistics of sysstat.
mask_units apt-news.service esm-cache.service ua-timer.timer fwupd-refresh.timer fwupd-refresh.service \
  update-notifier-download.timer update-notifier-motd.timer motd-news.timer motd-news.service pollinate.service \
  sysstat-collect.timer sysstat-summary.timer
# Snaps refresh themselves whenever they can reach their store.
if command -v snap >/dev/null; then snap refresh --hold >/dev/null; fi
remove_packages unattended-upgrades
write_file /etc/apt/apt.conf.d/20auto-upgrades 0644 <<'END'
APT::Periodic::Update-Package-Lists "0";
APT::Periodic::Unattended-Upgrade "0";
END
