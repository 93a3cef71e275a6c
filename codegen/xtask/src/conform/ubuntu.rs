//! What the scripts assume of Ubuntu, which is out of reach where the checks run. docs/ubuntu.md is this list, and
//! `cargo xtask conform ubuntu` tries it on Ubuntu's own image.

/// Something that a script or a check assumes of Ubuntu 24.04.
pub(crate) struct Assumption {
    /// What is assumed.
    pub(crate) what: &'static str,
    /// The file that relies on it.
    pub(crate) file: &'static str,
    /// How it is known: its source, or that it is unverified.
    pub(crate) source: &'static str,
    /// A command of bash that succeeds on the vendor's image if it holds. Empty if only special hardware can tell.
    pub(crate) probe: &'static str,
}

const REVIEW: &str = "read in the package's source (review of 2026-11-24)";
const KNOWN: &str = "general knowledge, unverified";
const DOCS: &str = "the vendor's installation guide";
const CIS: &str = "ansible-lockdown/UBUNTU24-CIS d836ca2";

/// Every assumption, in the order of docs/ubuntu.md.
pub(crate) const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        what: "the archive's snapshot of a day is at snapshot.ubuntu.com/ubuntu/<day>, for amd64 and arm64",
        file: "packer/scripts/base/sources.sh",
        source: REVIEW,
        probe: "curl -fsI https://snapshot.ubuntu.com/ubuntu/20261101T235959Z/dists/noble/InRelease",
    },
    Assumption {
        what: "the archive's keys are in /usr/share/keyrings/ubuntu-archive-keyring.gpg",
        file: "packer/scripts/base/sources.sh",
        source: KNOWN,
        probe: "test -s /usr/share/keyrings/ubuntu-archive-keyring.gpg",
    },
    Assumption {
        what: "the vendor's package sources are in ubuntu.sources",
        file: "packer/scripts/base/sources.sh",
        source: KNOWN,
        probe: "test -f /etc/apt/sources.list.d/ubuntu.sources",
    },
    Assumption {
        what: "apt knows APT::Get::Never-Include-Phased-Updates",
        file: "packer/scripts/base/sources.sh",
        source: REVIEW,
        probe: "strings $(ldconfig -p | sed -n 's/.*=> \\(.*libapt-private.*\\)/\\1/p' | head -1) $(ldconfig -p | sed -n 's/.*=> \\(.*libapt-pkg.*\\)/\\1/p' | head -1) | grep -q Never-Include-Phased-Updates",
    },
    Assumption {
        what: "cloud-init keeps package sources with apt.preserve_sources_list",
        file: "packer/scripts/base/sources.sh",
        source: KNOWN,
        probe: "grep -rq preserve_sources_list /usr/lib/python3/dist-packages/cloudinit",
    },
    Assumption {
        what: "units that need the internet are called apt-news, esm-cache, ua-timer, motd-news, update-notifier-*, fwupd-refresh, pollinate",
        file: "packer/scripts/base/upgrades-off.sh",
        source: REVIEW,
        probe: "systemctl list-unit-files --quiet apt-news.service esm-cache.service motd-news.timer update-notifier-download.timer",
    },
    Assumption {
        what: "unattended-upgrades is a package of that name",
        file: "packer/scripts/base/upgrades-off.sh",
        source: KNOWN,
        probe: "dpkg-query -W unattended-upgrades",
    },
    Assumption {
        what: "snaps stay as they are after `snap refresh --hold`",
        file: "packer/scripts/base/upgrades-off.sh",
        source: KNOWN,
        probe: "snap refresh --hold && snap get system refresh.hold",
    },
    Assumption {
        what: "AWS's image has the agent as a snap, with the unit snap.amazon-ssm-agent.amazon-ssm-agent.service",
        file: "packer/scripts/base/agents.sh",
        source: "AWS's documentation",
        probe: "! grep -q aws /etc/cloud/build.info || systemctl list-unit-files --quiet snap.amazon-ssm-agent.amazon-ssm-agent.service",
    },
    Assumption {
        what: "GCP's agent is google-guest-agent, with a manager since September 2025",
        file: "packer/scripts/base/agents.sh",
        source: REVIEW,
        probe: "apt-cache policy google-guest-agent | grep -q Candidate:",
    },
    Assumption {
        what: "systemd listens for sshd, with ListenAddress from sshd's configuration",
        file: "packer/scripts/base/access.sh",
        source: CIS,
        probe: "systemctl is-enabled ssh.socket && test -x /usr/lib/systemd/system-generators/sshd-socket-generator",
    },
    Assumption {
        what: "sshd reads /etc/ssh/sshd_config.d, and cloud-init's file sorts after 02",
        file: "packer/scripts/hardening/sshd.sh",
        source: CIS,
        probe: "grep -q '^Include /etc/ssh/sshd_config.d' /etc/ssh/sshd_config",
    },
    Assumption {
        what: "ec2-instance-connect is a package of that name",
        file: "packer/scripts/base/access.sh",
        source: REVIEW,
        probe: "apt-cache show ec2-instance-connect",
    },
    Assumption {
        what: "kernels are linux-image-<version>-<flavour>, and uname has the version first",
        file: "packer/scripts/verify/old-kernels.sh",
        source: REVIEW,
        probe: "dpkg-query -W \"linux-image-$(uname -r)\"",
    },
    Assumption {
        what: "GRUB reads /etc/default/grub.d and its configuration is /boot/grub/grub.cfg",
        file: "packer/scripts/hardening/auditd.sh",
        source: CIS,
        probe: "test -d /etc/default/grub.d && test -f /boot/grub/grub.cfg",
    },
    Assumption {
        what: "AppArmor is on without a parameter, and apparmor-utils has aa-status",
        file: "packer/scripts/hardening/apparmor.sh",
        source: CIS,
        probe: "grep -q Y /sys/module/apparmor/parameters/enabled",
    },
    Assumption {
        what: "auditd, audispd-plugins, chrony and libpam-pwquality are packages of those names",
        file: "packer/scripts/hardening",
        source: CIS,
        probe: "apt-cache show auditd audispd-plugins chrony libpam-pwquality",
    },
    Assumption {
        what: "PAM's profiles are in /usr/share/pam-configs, and unix has nullok",
        file: "packer/scripts/hardening/passwords.sh",
        source: CIS,
        probe: "test -f /usr/share/pam-configs/unix",
    },
    Assumption {
        what: "/etc/sysctl.d/10-network-security.conf would override the hardening",
        file: "packer/scripts/hardening/network.sh",
        source: KNOWN,
        probe: "test -f /etc/sysctl.d/10-network-security.conf",
    },
    Assumption {
        what: "rsyslog is the second log daemon, and can be removed",
        file: "packer/scripts/hardening/journald.sh",
        source: CIS,
        probe: "dpkg-query -W rsyslog",
    },
    Assumption {
        what: "Docker's archive for noble has docker-ce 5:29.8.2-1~ubuntu.24.04~noble and containerd.io 2.3.6-1~ubuntu.24.04~noble",
        file: "packer/scripts/docker/docker-ce.sh",
        source: "pinned by zgeoff/imp and others",
        probe: "curl -fsS https://download.docker.com/linux/ubuntu/dists/noble/stable/binary-amd64/Packages | grep -A4 '^Package: docker-ce$' | grep -qF 'Version: 5:29.8.2-1~ubuntu.24.04~noble'",
    },
    Assumption {
        what: "the driver's packages are linux-modules-nvidia-580-server-open-aws, nvidia-headless-no-dkms-580-server-open and nvidia-utils-580-server",
        file: "packer/scripts/nvidia/driver.sh",
        source: REVIEW,
        probe: "apt-cache show linux-modules-nvidia-580-server-open-aws nvidia-headless-no-dkms-580-server-open nvidia-utils-580-server",
    },
    Assumption {
        what: "an NVSwitch is an NVIDIA device of the PCI class 0680",
        file: "packer/scripts/nvidia/fabric-manager.sh",
        source: KNOWN,
        probe: "",
    },
    Assumption {
        what: "the container toolkit's archive has 1.20.0-1 for both architectures",
        file: "packer/scripts/nvidia/container-toolkit.sh",
        source: DOCS,
        probe: "curl -fsS https://nvidia.github.io/libnvidia-container/stable/deb/amd64/Packages | grep -A9 '^Package: nvidia-container-toolkit$' | grep -q '^Version: 1.20.0-1$'",
    },
    Assumption {
        what: "`cloud-init clean --logs --seed` leaves no instance's state, and bootcmd runs before the agent",
        file: "packer/scripts/clean/clean.sh",
        source: KNOWN,
        probe: "cloud-init clean --help | grep -q -- --seed",
    },
    Assumption {
        what: "`cloud-init status --wait` ends with 0, or with 2 after an error that it recovered from",
        file: "packer/scripts/start/cloud-init.sh",
        source: KNOWN,
        probe: "cloud-init status; [ $? -eq 0 -o $? -eq 2 ]",
    },
    Assumption {
        what: "cloud-init writes the files of user data before docker.service starts",
        file: "packer/scripts/base/proxy.sh",
        source: KNOWN,
        probe: "systemctl show --property=Before --value cloud-init.service | grep -q network-online.target",
    },
    Assumption {
        what: "the root device of AWS's image is /dev/sda1, and its user is ubuntu",
        file: "codegen/emit/src/layer/aws.rs",
        source: "Canonical's documentation",
        probe: "getent passwd ubuntu",
    },
    Assumption {
        what: "the kernels of the clouds are linux-aws and linux-gcp, with linux-modules-nvidia-580-server-open-gcp beside the one for aws",
        file: "packer/scripts/nvidia/driver.sh",
        source: KNOWN,
        probe: "apt-cache show linux-aws linux-gcp linux-modules-nvidia-580-server-open-gcp nvidia-compute-utils-580-server",
    },
    Assumption {
        what: "the fabric manager is nvidia-fabricmanager-580, with the driver's version",
        file: "packer/scripts/nvidia/fabric-manager.sh",
        source: KNOWN,
        probe: "apt-cache show nvidia-fabricmanager-580",
    },
    Assumption {
        what: "OS Login is google-compute-engine-oslogin",
        file: "packer/scripts/base/agents.sh",
        source: KNOWN,
        probe: "apt-cache show google-compute-engine-oslogin",
    },
    Assumption {
        what: "the message of the day is made by /etc/update-motd.d and /etc/default/motd-news",
        file: "packer/scripts/hardening/banners.sh",
        source: CIS,
        probe: "test -d /etc/update-motd.d && test -f /etc/default/motd-news",
    },
    Assumption {
        what: "dmsetup, nvme-cli, xfsprogs and python3-boto3 are packages of those names, and nvme-cli brings nvmf-autoconnect.service",
        file: "packer/scripts/base/disks.sh",
        source: "Debian's packages of those names, which Ubuntu builds again",
        probe: "apt-cache show dmsetup nvme-cli xfsprogs python3-boto3",
    },
    Assumption {
        what: "cloud-init writes the files of user data in cloud-init.service, or in cloud-init-network.service since 24.3, before network-online.target",
        file: "packer/scripts/base/boot.sh",
        source: "cloud-init, the order of its units; unverified on Ubuntu's image",
        probe: "grep -q write_files /etc/cloud/cloud.cfg && systemctl cat cloud-init.service cloud-init-network.service 2>/dev/null | grep -q Before=network-online.target",
    },
    Assumption {
        what: "cloud-init puts a key for the default user into root's authorized_keys too, after \"Please login as the user\"",
        file: "packer/scripts/verify/boot.sh",
        source: "cloud-init, cc_ssh.py",
        probe: "grep -rq 'Please login as the user' /usr/lib/python3/dist-packages/cloudinit",
    },
];

/// The list as a table, for docs/ubuntu.md.
#[cfg(test)]
pub(crate) fn table() -> String {
    let row = |it: &Assumption| format!("| {} | `{}` | {} |\n", it.what.replace('|', "\\|"), it.file, it.source);
    let rows: String = ASSUMPTIONS.iter().map(row).collect();
    format!("| assumption | relied on by | source |\n|---|---|---|\n{rows}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_document_has_every_assumption() {
        let document = include_str!("../../../../docs/ubuntu.md");
        assert!(document.contains(&super::table()), "docs/ubuntu.md must contain:\n{}", super::table());
    }

    #[test]
    fn every_file_is_there() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for assumption in super::ASSUMPTIONS {
            assert!(root.join(assumption.file).exists(), "{} is not there", assumption.file);
        }
    }
}
