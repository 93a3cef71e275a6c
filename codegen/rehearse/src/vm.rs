//! The rehearsal with a virtual machine: what a container cannot show. Real kernel settings, a real reboot by the boot loader,
//! auditd, mandatory access control, old kernels that go, and a second machine that boots from the cleaned disk.

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::rehearsal::{Plan, Rehearsal};
use crate::stage::Stage;
use crate::world::{Emulated as _, Oddities};
use fleetgen_fleet::choice::Cloud;

const LAYER: &str = "base";
/// An old kernel: a package that dpkg believes in, and its file.
const OLD: &str = "linux-image-6.1.0-1-cloud-amd64";
const PLANT: &str = "
kernel=linux-image-6.1.0-1-cloud-amd64
printf 'Package: %s\\nStatus: install ok installed\\nMaintainer: example <example@example.com>\\nArchitecture: amd64\\nVersion: 6.1.0-1\\nDescription: planted\\n\\n' $kernel >>/var/lib/dpkg/status
printf '/.\\n/boot\\n/boot/vmlinuz-6.1.0-1-cloud-amd64\\n' >/var/lib/dpkg/info/$kernel.list
touch /boot/vmlinuz-6.1.0-1-cloud-amd64
chmod 0644 /boot/grub/grub.cfg
";
/// Checks of Goss that are skipped in a container, and must not be skipped here.
const REAL: &[&str] = &[
    "the kernel records, and its rules cannot be changed",
    "AppArmor is on",
    "the agent that sessions come through runs",
    "the module usb-storage is not loaded",
    "kernel.randomize_va_space",
    "/dev/shm",
];

/// Builds the base on a virtual machine, and boots its image.
pub(crate) fn rehearse(stage: &Stage) -> anyhow::Result<()> {
    let plan = Plan {
        oddities: Oddities { fast: true, virtual_machines: true, plant: PLANT, ..Oddities::default() },
        ..Plan::good("vm", &[Cloud::Aws])
    };
    let rehearsal = Rehearsal::new(stage, &plan, &stage.vendor_images())?;
    let built = rehearsal.build(LAYER)?;
    let judged = (|| {
        ensure!(built.succeeded, "the build failed");
        ensure!(built.log.contains(&format!("Removing {OLD}")), "{OLD} was not removed");
        let reports = built.reports.join(Cloud::Aws.source());
        let read = |name: &str| -> anyhow::Result<Value> {
            Ok(serde_json::from_str(&fs_err::read_to_string(reports.join(name))?)?)
        };
        let boot = read("boot.json")?;
        ensure!(boot["state"] == "running", "the image booted to {}", boot["state"]);
        let goss = read("goss.json")?;
        let results = goss["results"].as_array().context("goss.json has no results")?;
        let named = |result: &&Value, wanted: &str| {
            ["resource-id", "title"].iter().any(|key| result[key].as_str().is_some_and(|id| id.contains(wanted)))
        };
        for wanted in REAL {
            let found: Vec<_> = results.iter().filter(|result| named(result, wanted)).collect();
            ensure!(!found.is_empty(), "no check is called {wanted:?}");
            ensure!(found.iter().all(|result| result["skipped"] == false), "{wanted:?} was skipped");
        }
        let skipped = results.iter().filter(|result| result["skipped"] == true).count();
        println!("virtual machine: {} checks, {skipped} skipped; {} booted the image", results.len(), boot["kernel"]);
        rehearsal.world.state(Cloud::Aws).map(|_| ())
    })();
    judged.with_context(|| built.last_words())?;
    rehearsal.remove()
}
