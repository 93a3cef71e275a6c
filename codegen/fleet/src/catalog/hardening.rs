//! The sections of the hardening: CIS level 1 for servers, as the Ubuntu 24.04 benchmark 1.0.0 numbers it.
//!
//! `packer/scripts/hardening/<name>.sh` applies a section, and `goss/hardening/<name>.yaml` checks it. Kernel settings are
//! here, since layers must not set them to other values. The values are those of the benchmark, as in the role UBUNTU24-CIS
//! of ansible-lockdown; docs/layers.md lists what is omitted, and why.

use crate::choice::Hardening;
use crate::model::Layer;

/// A section of the hardening.
#[derive(Debug)]
pub struct Section {
    /// Its name: in `hardening_exceptions`, and of its script and its checks.
    pub name: &'static str,
    /// The sections of the benchmark that it covers.
    pub cis: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The kernel settings that it sets.
    pub sysctl: &'static [(&'static str, &'static str)],
}

macro_rules! sections {
    ($($name:literal $cis:literal $summary:literal { $($key:literal = $value:literal)* })+) => {
        /// Every section, in the order in which they run.
        pub const SECTIONS: &[Section] = &[
            $(Section { name: $name, cis: $cis, summary: $summary, sysctl: &[$(($key, $value)),*] },)+
        ];
    };
}

sections! {
    "kernel-modules" "1.1.1, 3.2" "Disables unused file systems and network protocols." {}
    "mounts" "1.1.2" "Mounts /tmp and /dev/shm with nodev, nosuid and noexec." {}
    "apparmor" "1.3" "Enables AppArmor and enforces its profiles." {}
    "bootloader" "1.4" "Makes the boot loader's configuration readable by root only." {}
    "processes" "1.5" "Randomizes memory addresses and disables core dumps." {
        "fs.protected_fifos" = "2"
        "fs.protected_hardlinks" = "1"
        "fs.protected_regular" = "2"
        "fs.protected_symlinks" = "1"
        "fs.suid_dumpable" = "0"
        "kernel.dmesg_restrict" = "1"
        "kernel.kptr_restrict" = "2"
        "kernel.randomize_va_space" = "2"
        "kernel.yama.ptrace_scope" = "1"
    }
    "banners" "1.6" "Shows a legal notice before login, and nothing about the system." {}
    "services" "2.1, 2.2" "Removes servers and clients. Leave it out for a layer that needs one." {}
    "time" "2.3" "Synchronizes the time with chrony and the cloud's time server only." {}
    "cron" "2.4" "Lets only root schedule jobs." {}
    "network" "3.3" "Drops spoofed and redirected packets, and logs them." {
        "net.ipv4.conf.all.accept_redirects" = "0"
        "net.ipv4.conf.all.accept_source_route" = "0"
        "net.ipv4.conf.all.log_martians" = "1"
        "net.ipv4.conf.all.rp_filter" = "1"
        "net.ipv4.conf.all.secure_redirects" = "0"
        "net.ipv4.conf.all.send_redirects" = "0"
        "net.ipv4.conf.default.accept_redirects" = "0"
        "net.ipv4.conf.default.accept_source_route" = "0"
        "net.ipv4.conf.default.log_martians" = "1"
        "net.ipv4.conf.default.rp_filter" = "1"
        "net.ipv4.conf.default.secure_redirects" = "0"
        "net.ipv4.conf.default.send_redirects" = "0"
        "net.ipv4.icmp_echo_ignore_broadcasts" = "1"
        "net.ipv4.icmp_ignore_bogus_error_responses" = "1"
        "net.ipv4.tcp_syncookies" = "1"
        "net.ipv6.conf.all.accept_redirects" = "0"
        "net.ipv6.conf.all.accept_source_route" = "0"
        "net.ipv6.conf.default.accept_redirects" = "0"
        "net.ipv6.conf.default.accept_source_route" = "0"
    }
    "sshd" "5.1" "Configures sshd for keys only, strong algorithms, and the forwarding that sessions need." {}
    "sudo" "5.2" "Makes sudo require a terminal and keep a log, and restricts su." {}
    "passwords" "5.3, 5.4" "Locks all passwords, and requires strong ones if any is set." {}
    "journald" "6.1" "Keeps the journal across reboots, compressed and limited in size." {}
    "auditd" "6.2" "Audits changes to identities, permissions, time and kernel modules." {}
    "permissions" "7.1" "Protects the account files and removes world-writable files." {}
}

/// The packages that a section removes, and whose absence its checks demand.
#[rustfmt::skip]
pub fn removed(section: &str) -> &'static [&'static str] {
    match section {
        "services" => &[
            "autofs", "avahi-daemon", "isc-dhcp-server", "bind9", "dnsmasq", "vsftpd", "slapd", "dovecot-core",
            "nfs-kernel-server", "ypserv", "cups", "rpcbind", "samba", "snmpd", "tftpd-hpa", "xinetd", "xserver-common", "nis",
            "rsh-client", "talk", "telnet", "inetutils-telnet", "ldap-utils", "ftp", "tnftp",
        ],
        "journald" => &["rsyslog"],
        "processes" => &["apport", "prelink"],
        _ => &[],
    }
}

/// The sections that apply to a lineage of layers, by its root.
pub fn sections(root: &Layer) -> impl Iterator<Item = &'static Section> {
    let is_hardened = root.hardening == Hardening::CisLevel1;
    SECTIONS.iter().filter(move |section| {
        is_hardened && !root.hardening_exceptions.keys().any(|name| name.as_str() == section.name)
    })
}
