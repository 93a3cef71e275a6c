#!/usr/bin/env bash
# CIS 2.1 and 2.2: removes unneeded servers and clients. A layer may install one that it needs.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

remove_packages autofs avahi-daemon isc-dhcp-server bind9 dnsmasq vsftpd slapd dovecot-core nfs-kernel-server ypserv \
  cups rpcbind rsync samba snmpd tftpd-hpa xinetd xserver-common nis rsh-client talk telnet inetutils-telnet ldap-utils ftp tnftp
