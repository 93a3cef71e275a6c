#!/usr/bin/env bash
# CIS 5.1: sshd accepts only keys, with strong algorithms, and forwards nothing.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

write_file /etc/ssh/sshd_config.d/02-fleetgen-hardening.conf 0600 <<'END'
Banner /etc/issue.net
Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr
MACs hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521
ClientAliveInterval 15
ClientAliveCountMax 3
DisableForwarding yes
GSSAPIAuthentication no
HostbasedAuthentication no
IgnoreRhosts yes
LoginGraceTime 60
LogLevel VERBOSE
MaxAuthTries 4
MaxSessions 10
MaxStartups 10:30:60
PermitEmptyPasswords no
PermitUserEnvironment no
UsePAM yes
END
chown root:root /etc/ssh/sshd_config
chmod 0600 /etc/ssh/sshd_config
install -d --mode=0755 /run/sshd
sshd -t
