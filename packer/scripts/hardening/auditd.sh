#!/usr/bin/env bash
# CIS 6.2: records changes to identities, permissions, time and kernel modules.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages auditd audispd-plugins
# A full disk must not take a machine out of service: drop the oldest records and write a warning to syslog.
for setting in 'max_log_file = 32' 'max_log_file_action = ROTATE' 'num_logs = 8' 'space_left_action = SYSLOG' \
  'admin_space_left_action = SYSLOG' 'disk_full_action = ROTATE' 'disk_error_action = SYSLOG'; do
  set_line /etc/audit/auditd.conf "^${setting%% *}[[:space:]]" "$setting"
done
# Newer architectures have only the *at system calls.
modes=fchmod,fchmodat,fchown,fchownat opens=openat,truncate,ftruncate
if [ "$ARCHITECTURE" = amd64 ]; then modes=$modes,chmod,chown,lchown opens=$opens,open,creat; fi
# rules BITS: the rules about system calls. A program of 32 bits calls others.
rules() {
  cat <<END
-a always,exit -F arch=b$1 -S adjtimex,settimeofday,clock_settime -k time-change
-a always,exit -F arch=b$1 -S sethostname,setdomainname -k system-locale
-a always,exit -F arch=b$1 -S $modes -F auid>=1000 -F auid!=unset -k perm_mod
-a always,exit -F arch=b$1 -S mount -F auid>=1000 -F auid!=unset -k mounts
-a always,exit -F arch=b$1 -S init_module,finit_module,delete_module -F auid>=1000 -F auid!=unset -k kernel_modules
-a always,exit -F arch=b$1 -S $opens -F exit=-EACCES -F auid>=1000 -F auid!=unset -k access
END
}
write_file /etc/audit/rules.d/60-fleetgen.rules 0640 <<END
-w /etc/sudoers -p wa -k scope
-w /etc/sudoers.d -p wa -k scope
-w /var/log/sudo.log -p wa -k sudo_log_file
-w /etc/group -p wa -k identity
-w /etc/passwd -p wa -k identity
-w /etc/gshadow -p wa -k identity
-w /etc/shadow -p wa -k identity
-w /etc/security/opasswd -p wa -k identity
-w /etc/nsswitch.conf -p wa -k identity
-w /etc/pam.conf -p wa -k identity
-w /etc/pam.d -p wa -k identity
-w /etc/issue -p wa -k system-locale
-w /etc/issue.net -p wa -k system-locale
-w /etc/hosts -p wa -k system-locale
-w /etc/localtime -p wa -k time-change
$(rules 64)
$(if [ "$ARCHITECTURE" = amd64 ]; then rules 32; fi)
-w /var/log/lastlog -p wa -k logins
-w /var/run/faillock -p wa -k logins
-w /var/run/utmp -p wa -k session
-w /etc/apparmor -p wa -k MAC-policy
-w /etc/apparmor.d -p wa -k MAC-policy
END
# After this, only a reboot can change the rules.
write_file /etc/audit/rules.d/99-fleetgen-final.rules 0640 <<'END'
-e 2
END
write_file /etc/default/grub.d/50-fleetgen-audit.cfg 0644 <<'END'
GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX audit=1 audit_backlog_limit=8192"
END
if command -v update-grub >/dev/null; then update-grub; fi
systemctl --quiet enable auditd.service
