//! Every section is proved by leaving it out: with its script emptied, and the state planted that it would change, the build
//! must end without an image, and the failing check must name the section.

use anyhow::{Context, ensure};

use crate::fault::state;
use crate::rehearsal::{Plan, Rehearsal};
use crate::stage::Stage;
use crate::world::Oddities;
use fleetgen_fleet::catalog::hardening::SECTIONS;
use fleetgen_fleet::choice::Cloud;

/// The layer whose scripts are left out.
const LAYER: &str = "base";

/// A script without which no image may be made.
#[derive(Clone, Copy)]
pub(crate) struct Section {
    pub(crate) script: &'static str,
    /// What the log must say.
    words: &'static str,
    /// What the script would have to change, in bash, where a plain Debian has nothing to change.
    plant: &'static str,
}

/// The scripts that are not sections of the hardening.
const OTHERS: &[Section] = &[
    Section { script: "packer/scripts/base/upgrades-off.sh", words: "failed: goss/base.yaml", plant: "" },
    // The proxy does not let apt reach the vendor's list.
    Section {
        script: "packer/scripts/base/sources.sh",
        words: "Failed to fetch http://security.debian.org/debian-security",
        plant: "",
    },
    Section { script: "packer/scripts/base/updates.sh", words: "failed: goss/base.yaml", plant: "" },
    Section { script: "packer/scripts/base/proxy.sh", words: "failed: goss/base.yaml", plant: "" },
    Section { script: "packer/scripts/base/access.sh", words: "failed: goss/base.yaml", plant: "" },
    Section { script: "packer/scripts/docker/distribution.sh", words: "docker.service does not exist", plant: "" },
    Section { script: "packer/scripts/docker/daemon.sh", words: "failed: goss/docker.yaml", plant: "" },
    Section { script: "packer/scripts/clean/clean.sh", words: "because the machine still has", plant: "" },
    Section {
        script: "packer/scripts/clean/check.sh",
        words: "a credential was left: /root/.aws/credentials",
        plant: "mkdir /root/.aws && touch /root/.aws/credentials",
    },
];

/// What sections of the hardening find nothing to do about on a plain Debian.
const PLANTS: &[(&str, &str)] = &[
    (
        "bootloader",
        "mkdir -p /boot/grub && echo 'set timeout=5' >/boot/grub/grub.cfg && chmod 0644 /boot/grub/grub.cfg",
    ),
    ("network", "echo 'net.ipv4.conf.all.rp_filter=2' >/etc/sysctl.d/10-network-security.conf"),
    ("permissions", "mkdir -m 0777 /opt/open && touch /opt/open/file && chmod 0666 /opt/open/file"),
    (
        "services",
        "printf 'Package: talk\\nStatus: install ok installed\\nMaintainer: example <example@example.com>\\nArchitecture: amd64\\nVersion: 1\\nDescription: planted\\n\\n' >>/var/lib/dpkg/status",
    ),
];

/// Every section that a rehearsal can prove.
pub(crate) fn all() -> Vec<Section> {
    let hardening = SECTIONS.iter().map(|section| Section {
        // They live as long as the program, and are few.
        script: format!("packer/scripts/hardening/{}.sh", section.name).leak(),
        words: format!("failed: goss/hardening/{}.yaml", section.name).leak(),
        plant: PLANTS.iter().find(|(name, _)| *name == section.name).map_or("", |(_, plant)| plant),
    });
    OTHERS.iter().copied().chain(hardening).collect()
}

/// Builds the layer without a section.
pub(crate) fn rehearse(stage: &Stage, section: &Section) -> anyhow::Result<()> {
    let name = section.script.trim_start_matches("packer/scripts/").replace(['/', '.'], "-");
    let plan = Plan {
        emptied: Some(section.script),
        scripts: &[("packer/scripts/lib.sh", "\nGOSS_WAIT=5s\n")],
        oddities: Oddities { fast: true, plant: section.plant, ..Oddities::default() },
        ..Plan::good(&name, &[Cloud::Aws])
    };
    let rehearsal = Rehearsal::new(stage, &plan, &stage.vendor_images())?;
    let built = rehearsal.build(LAYER)?;
    let judged = (|| {
        ensure!(!built.succeeded, "an image was made without {}", section.script);
        ensure!(built.log.contains(section.words), "the log does not say {:?}", section.words);
        let made: Vec<_> = state(&rehearsal)?.into_iter().filter(|found| found.kind == "image").collect();
        ensure!(made.iter().all(|image| !image.tags.contains_key("layer")), "an image is left: {made:#?}");
        Ok(())
    })();
    judged.with_context(|| built.last_words())?;
    rehearsal.remove()
}
