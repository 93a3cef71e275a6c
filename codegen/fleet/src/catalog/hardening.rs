//! The sections of the hardening: CIS level 1 for servers, as the Ubuntu 24.04 benchmark 1.0.0 numbers it.
//!
//! What a section does stands in `packer/scripts/hardening/<name>.sh`, and what is checked of it in
//! `goss/hardening/<name>.yaml`. Kernel settings stand here, since layers must not set them otherwise. Values are those
//! of the benchmark, as the role UBUNTU24-CIS of ansible-lockdown has them; docs/layers.md says what is left out, and why.

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
    /// The kernel settings that it makes.
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
    "kernel-modules" "1.1.1, 3.2" "File systems and protocols that nothing uses cannot be loaded." {}
    "mounts" "1.1.2" "Nothing in /tmp and /dev/shm is a device, is run, or gains rights." {}
    "apparmor" "1.3" "AppArmor confines what has a profile." {}
    "bootloader" "1.4" "Only root reads the boot loader's configuration." {}
    "processes" "1.5" "Memory is laid out at random, and dumps of it are not kept." {
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
    "banners" "1.6" "What is shown before a login says who may log in, and nothing of the system." {}
    "services" "2.1, 2.2" "Servers and clients that nobody asked for are not installed." {}
    "time" "2.3" "chrony, and nothing else, keeps the time, with the cloud's own clock." {}
    "cron" "2.4" "Only root says what runs when." {}
    "network" "3.3" "Packets that lie about their way are dropped." {
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
    "sshd" "5.1" "sshd takes keys only, of strong algorithms, and forwards nothing but what a session needs." {}
    "sudo" "5.2" "sudo needs a terminal and keeps a log; su is root's." {}
    "passwords" "5.3, 5.4" "Nobody has a password; one that were set would have to be strong." {}
    "journald" "6.1" "The journal is kept, compressed and within bounds." {}
    "auditd" "6.2" "What changes identities, rights, time and kernel modules is recorded." {}
    "permissions" "7.1" "Files of accounts are root's, and no file is writable by all." {}
}

/// The sections that hold for a line of layers, by its root.
pub fn sections(root: &Layer) -> impl Iterator<Item = &'static Section> {
    let is_hardened = root.hardening == Hardening::CisLevel1;
    SECTIONS.iter().filter(move |section| {
        is_hardened && !root.hardening_exceptions.keys().any(|name| name.as_str() == section.name)
    })
}
