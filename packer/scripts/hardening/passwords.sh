#!/usr/bin/env bash
# CIS 5.3 and 5.4: no user has a password. If somebody sets one, it must be strong.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages libpam-pwquality
write_file /etc/security/pwquality.conf.d/60-fleetgen.conf 0644 <<'END'
difok = 2
minlen = 14
minclass = 3
maxrepeat = 3
maxsequence = 3
dictcheck = 1
enforcing = 1
enforce_for_root
END
write_file /etc/security/faillock.conf 0644 <<'END'
deny = 3
unlock_time = 900
even_deny_root
END
write_file /usr/share/pam-configs/fleetgen-faillock 0644 <<'END'
Name: Lock after failed logins
Default: yes
Priority: 0
Auth-Type: Primary
Auth:
	[default=die] pam_faillock.so authfail
END
write_file /usr/share/pam-configs/fleetgen-faillock-preauth 0644 <<'END'
Name: Refuse while locked
Default: yes
Priority: 1024
Auth-Type: Primary
Auth:
	requisite pam_faillock.so preauth
Account-Type: Primary
Account:
	required pam_faillock.so
END
# Never accept an empty password.
if grep --quiet nullok /usr/share/pam-configs/unix; then sed --in-place 's/ nullok\b//' /usr/share/pam-configs/unix; fi
if grep --quiet nullok /etc/pam.d/common-auth || ! grep --quiet pam_faillock /etc/pam.d/common-auth; then
  pam-auth-update --package --enable fleetgen-faillock fleetgen-faillock-preauth
fi
for setting in 'PASS_MAX_DAYS 365' 'PASS_MIN_DAYS 1' 'PASS_WARN_AGE 7' 'ENCRYPT_METHOD YESCRYPT' 'UMASK 027'; do
  set_line /etc/login.defs "^${setting%% *}[[:space:]]" "$setting"
done
set_line /etc/default/useradd '^#?[[:space:]]*INACTIVE=' 'INACTIVE=45'
write_file /etc/profile.d/60-fleetgen.sh 0644 <<'END'
umask 027
readonly TMOUT=900
export TMOUT
END
