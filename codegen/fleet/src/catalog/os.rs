//! Operating systems: one table, with what differs between them. Another one is one more entry.
//!
//! Sources: the archives of Ubuntu (snapshot.ubuntu.com) and Debian (snapshot.debian.org), the names of the vendors' images on both
//! clouds, and the versions in the pool of download.docker.com. docs/ubuntu.md says what is assumed of Ubuntu, and how it is checked.

/// What fleetgen knows about an operating system.
#[derive(Debug, PartialEq, Eq)]
pub struct System {
    /// The word in fleet.yaml.
    pub word: &'static str,
    /// The name in sentences.
    pub title: &'static str,
    /// The distribution, as archives name it.
    pub distribution: &'static str,
    /// The release, as archives name it.
    pub codename: &'static str,
    /// The host of the snapshots of its archive.
    pub snapshot_host: &'static str,
    /// The paths of the archive and of its security updates, below the host, and what a mirror's URL has at its end for the latter.
    pub archive: &'static str,
    /// See `archive`.
    pub security_archive: &'static str,
    /// See `archive`.
    pub security_mirror: &'static str,
    /// The components of the archive.
    pub components: &'static str,
    /// The keys of the archive, in the vendor's images.
    pub keyring: &'static str,
    /// The release in the versions of Docker's packages.
    pub docker_release: &'static str,
    /// The first user of the vendor's images on AWS.
    pub first_user: &'static str,
    /// The root device of the vendor's images on AWS.
    pub root_device: &'static str,
    /// The account that publishes images on AWS which lack the agent of Systems Manager.
    pub without_agent: Option<&'static str>,
    /// The project that publishes images on GCP without cloud-init, which gives a machine its configuration.
    pub without_cloud_init: Option<&'static str>,
    /// Words that the vendor uses for the release in the names of images.
    pub image_words: &'static [&'static str],
    /// Whether it has signed packages of the NVIDIA driver for the clouds' kernels.
    pub has_nvidia: bool,
    /// Whether its curl signs requests to AWS, with a session's token too (7.85 or later).
    pub curl_signs: bool,
}

/// What Ubuntu's releases have in common.
const UBUNTU: System = System {
    word: "",
    title: "",
    distribution: "ubuntu",
    codename: "",
    snapshot_host: "snapshot.ubuntu.com",
    archive: "ubuntu",
    security_archive: "ubuntu",
    security_mirror: "",
    components: "main restricted universe multiverse",
    keyring: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
    docker_release: "",
    first_user: "ubuntu",
    root_device: "/dev/sda1",
    without_agent: None,
    without_cloud_init: None,
    image_words: &[],
    has_nvidia: true,
    curl_signs: true,
};

/// What Debian's releases have in common.
const DEBIAN: System = System {
    word: "",
    title: "",
    distribution: "debian",
    codename: "",
    snapshot_host: "snapshot.debian.org",
    archive: "archive/debian",
    security_archive: "archive/debian-security",
    security_mirror: "-security",
    components: "main contrib non-free-firmware",
    keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
    docker_release: "",
    first_user: "admin",
    root_device: "/dev/xvda",
    without_agent: Some("136693071363"),
    without_cloud_init: Some("debian-cloud"),
    image_words: &[],
    has_nvidia: false,
    curl_signs: true,
};

/// Every operating system that a root layer may have.
pub const SYSTEMS: &[System] = &[
    System {
        word: "ubuntu-24.04",
        title: "Ubuntu 24.04 LTS",
        codename: "noble",
        docker_release: "ubuntu.24.04",
        image_words: &["noble", "24.04", "2404"],
        ..UBUNTU
    },
    System {
        word: "ubuntu-22.04",
        title: "Ubuntu 22.04 LTS",
        codename: "jammy",
        docker_release: "ubuntu.22.04",
        image_words: &["jammy", "22.04", "2204"],
        curl_signs: false,
        ..UBUNTU
    },
    System {
        word: "debian-12",
        title: "Debian 12",
        codename: "bookworm",
        docker_release: "debian.12",
        image_words: &["debian-12", "bookworm"],
        ..DEBIAN
    },
    System {
        word: "debian-13",
        title: "Debian 13",
        codename: "trixie",
        docker_release: "debian.13",
        image_words: &["debian-13", "trixie"],
        ..DEBIAN
    },
];
