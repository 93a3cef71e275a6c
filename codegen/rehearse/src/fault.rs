//! Faults. Each is a rehearsal that must end without an image, say why, and leave nothing in the clouds.

use std::time::{Duration, SystemTime};

use anyhow::{Context, bail, ensure};

use crate::rehearsal::{Built, Plan, Rehearsal, Signer, kill_packer};
use crate::stage::{Image, Stage};
use crate::world::{Oddities, Resource};
use fleetgen_fleet::choice::{Architecture, Cloud};
use fleetgen_fleet::resource_name;

/// The layer that is built.
const LAYER: &str = "web";

/// Something that goes wrong, and how the build must end.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// What the log must contain.
    words: &'static [&'static str],
    /// Packer is killed, so what it made is left.
    is_killed: bool,
    /// A second build, without the oddities, succeeds.
    recovers: bool,
    /// A file of the repository, and what it must contain.
    file: Option<(&'static str, &'static str)>,
    plan: fn(Plan) -> Plan,
}

const USUAL: Fault = Fault { name: "", words: &[], is_killed: false, recovers: false, file: None, plan: |plan| plan };

/// Every fault, in the order of docs/rehearsal.md.
pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "signature",
        words: &["the signature of hello for amd64 does not verify with", "so no image is built"],
        plan: |plan| Plan { signer: Signer::Theirs, ..plan },
        ..USUAL
    },
    Fault {
        name: "script",
        words: &["Unable to locate package no-such-package", "Script exited with non-zero exit status"],
        plan: |plan| Plan { fleet: &[("packages: [nginx]", "packages: [nginx, no-such-package]")], ..plan },
        ..USUAL
    },
    Fault {
        name: "service",
        words: &["Service: hello: running:", "Goss: the machine is not what fleet.yaml describes"],
        plan: |plan| Plan {
            fleet: &[("command: [/usr/local/bin/hello]", "command: [/usr/bin/false]")],
            scripts: &[IMPATIENT],
            ..plan
        },
        ..USUAL
    },
    Fault {
        name: "port",
        words: &[
            "Command: port 18082/tcp is listened on: stdout:",
            "Goss: the machine is not what fleet.yaml describes",
        ],
        plan: |plan| Plan { fleet: &[("- port: 18081", "- port: 18082")], scripts: &[IMPATIENT], ..plan },
        ..USUAL
    },
    Fault {
        name: "mode",
        words: &["/etc/nginx/conf.d/web.conf: mode:", "Goss: the machine is not what fleet.yaml describes"],
        plan: |plan| Plan {
            scripts: &[("generated/packer/web/layer.sh", "\nchmod 0666 /etc/nginx/conf.d/web.conf\n"), IMPATIENT],
            ..plan
        },
        ..USUAL
    },
    Fault {
        name: "vulnerability",
        words: &["CVE-2026-0001", "Trivy found HIGH,CRITICAL vulnerabilities"],
        plan: |plan| Plan { oddities: Oddities { advisories: NGINX, ..plan.oddities.clone() }, ..plan },
        ..USUAL
    },
    Fault {
        name: "expired-ignore",
        file: Some(("generated/packer/web/trivyignore.yaml", "expired_at: 2026-11-01")),
        words: &["CVE-2026-0001", "Trivy found HIGH,CRITICAL vulnerabilities"],
        plan: |plan| Plan {
            oddities: Oddities { advisories: NGINX, ..plan.oddities.clone() },
            // Still valid when the files are generated, but expired when the image is built.
            fleet: &[(
                "    packages: [nginx]",
                "    scan: { ignore: [{ id: CVE-2026-0001, reason: not reached, until: \"2026-11-01\" }] }\n    packages: [nginx]",
            )],
            generate: &[("SOURCE_DATE_EPOCH", "1793491200")],
            ..plan
        },
        ..USUAL
    },
    Fault {
        name: "secret",
        words: &["GITHUB_TOKEN", "Trivy found a secret on the disk"],
        plan: |plan| Plan {
            // Put together on the machine, so that secret scanners do not find it in this file.
            scripts: &[(
                "generated/packer/web/layer.sh",
                "\nprintf 'GITHUB_TOKEN=ghp_%s\\n' wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx >/etc/creds\n",
            )],
            ..plan
        },
        ..USUAL
    },
    Fault {
        name: "unreachable",
        words: &[
            "image.amazon-ebs.amd64: Timeout waiting for SSH",
            "image.googlecompute.amd64: Timeout waiting for SSH",
        ],
        plan: |plan| Plan {
            clouds: Cloud::ALL.to_vec(),
            oddities: Oddities { unreachable: true, ..plan.oddities.clone() },
            waits: &[("ssh_timeout", "20s")],
            ..plan
        },
        ..USUAL
    },
    Fault {
        name: "lost-session",
        words: &["the session was ended", "Script disconnected unexpectedly"],
        plan: |plan| Plan {
            accident: Some(("web/layer.sh", |rehearsal, _| {
                in_the_middle();
                rehearsal.world.cut_sessions()
            })),
            scripts: LONG,
            ..plan
        },
        ..USUAL
    },
    Fault {
        name: "restart",
        words: &["Script disconnected unexpectedly"],
        plan: |plan| Plan {
            accident: Some(("web/layer.sh", |rehearsal, _| {
                in_the_middle();
                rehearsal.world.machines()?.restart(Cloud::Aws);
                Ok(())
            })),
            scripts: LONG,
            waits: &[("ssh_read_write_timeout", "10s")],
            ..plan
        },
        ..USUAL
    },
    Fault {
        name: "create-image",
        words: &["CreateImage is refused in this rehearsal", "compute.images.insert is refused in this rehearsal"],
        plan: |plan| Plan {
            clouds: Cloud::ALL.to_vec(),
            oddities: Oddities {
                refuse: &[("CreateImage", ""), ("compute.images.insert", "")],
                ..plan.oddities.clone()
            },
            waits: &[("ssh_read_write_timeout", "10s")],
            ..plan
        },
        ..USUAL
    },
    Fault {
        name: "copy-image",
        words: &["CopyImage is refused in this rehearsal", "in ap-northeast-1, which this build made"],
        recovers: true,
        plan: |plan| Plan {
            oddities: Oddities { refuse: &[("CopyImage", "us-west-2")], ..plan.oddities.clone() },
            waits: &[("ssh_read_write_timeout", "10s")],
            ..plan
        },
        ..USUAL
    },
    Fault {
        name: "no-boot",
        words: &[
            "boot.amazon-ebs.amd64: Timeout waiting for SSH",
            "in ap-northeast-1, which this build made",
            "in us-west-2, which this build made",
            "boot.googlecompute.amd64: Timeout waiting for SSH",
            "in example-fleet, which this build made",
        ],
        plan: |plan| Plan {
            clouds: Cloud::ALL.to_vec(),
            scripts: &[("packer/scripts/clean/check.sh", "\nsystemctl --quiet disable ssh.service\n")],
            // Only the boot is in a hurry: the machine that becomes the image must have time to start.
            accident: Some(("web/layer.sh", |rehearsal, _| rehearsal.boot_impatiently(LAYER))),
            ..plan
        },
        ..USUAL
    },
    Fault {
        name: "other-boot",
        words: &["Service: hello: running:", "the image boots, but Goss: the machine is not what fleet.yaml describes"],
        plan: |plan| Plan {
            scripts: &[
                ("packer/scripts/clean/check.sh", "\nrm /etc/systemd/system/multi-user.target.wants/hello.service\n"),
                IMPATIENT,
            ],
            ..plan
        },
        ..USUAL
    },
    Fault {
        name: "killed",
        words: &["Killed", "the build made no image"],
        is_killed: true,
        plan: |plan| Plan { clouds: Cloud::ALL.to_vec(), accident: Some(("web/layer.sh", kill_packer)), ..plan },
        ..USUAL
    },
];

/// Goss retries while services start. Here that would only take time.
const IMPATIENT: (&str, &str) = ("packer/scripts/lib.sh", "\nGOSS_WAIT=10s\n");
/// The layer's script takes long enough for an accident in the middle. Before a script and after it, Packer opens another
/// session and goes on.
const LONG: &[(&str, &str)] = &[("generated/packer/web/layer.sh", "\nsleep 40\n")];
const NGINX: &str = "debian 12\tnginx\tCVE-2026-0001\tHIGH\t99.0\n";

/// Waits until the script has been uploaded and runs.
fn in_the_middle() {
    std::thread::sleep(Duration::from_secs(10));
}

/// Rehearses a fault.
pub(crate) fn rehearse(stage: &Stage, fault: &Fault) -> anyhow::Result<()> {
    let mut plan = (fault.plan)(Plan::good(fault.name, &[Cloud::Aws]));
    // The good rehearsal shows what 1 MB/s costs.
    plan.oddities.fast = true;
    // As if the layer had never been built.
    let is_other = |image: &Image| image.layer.as_ref().is_none_or(|(layer, _)| layer != LAYER);
    let images: Vec<Image> = stage.images().into_iter().filter(is_other).collect();
    let rehearsal = Rehearsal::new(stage, &plan, &images)?;
    let before = state(&rehearsal)?;
    let built = rehearsal.build(LAYER)?;
    judge(&rehearsal, fault, &before, &built).with_context(|| built.last_words())?;
    if fault.recovers {
        rehearsal.world.allow_everything()?;
        let again = rehearsal.build(LAYER)?;
        ensure!(again.succeeded, "the second build failed:\n{}", again.last_words());
    }
    rehearsal.remove()
}

fn judge(rehearsal: &Rehearsal<'_>, fault: &Fault, before: &[Resource], built: &Built) -> anyhow::Result<()> {
    ensure!(!built.succeeded, "the build succeeded");
    let manifests = built.manifests(&Cloud::ALL);
    ensure!(manifests.is_empty(), "there is a manifest: {manifests:?}");
    if let Some((path, words)) = fault.file {
        let text = fs_err::read_to_string(rehearsal.repository.join(path))?;
        ensure!(text.contains(words) && text.contains("CVE-2026-0001"), "{path} does not say {words:?}: {text}");
    }
    for words in fault.words {
        ensure!(built.log.contains(words), "the log does not say {words:?}");
    }
    let left: Vec<Resource> = state(rehearsal)?
        .into_iter()
        .filter(|found| !is_over(found) && before.iter().all(|known| known.id != found.id))
        .collect();
    if !fault.is_killed {
        ensure!(left.is_empty(), "the build left {left:#?}");
        return Ok(());
    }
    ensure!(left.iter().filter(|found| found.kind == "instance").count() == 2, "Packer was killed too late: {left:#?}");
    left.iter().try_for_each(|left| can_be_found(rehearsal, left))
}

/// Every resource in both clouds.
pub(crate) fn state(rehearsal: &Rehearsal<'_>) -> anyhow::Result<Vec<Resource>> {
    let mut found = Vec::new();
    for cloud in Cloud::ALL {
        found.extend(rehearsal.world.state(cloud)?);
    }
    Ok(found)
}

/// AWS still lists an instance for a while after it was terminated.
pub(crate) fn is_over(found: &Resource) -> bool {
    found.kind == "instance" && found.state.eq_ignore_ascii_case("terminated")
}

/// Whatever a killed build leaves can be traced to its run by tags, or by name, or expires.
fn can_be_found(rehearsal: &Rehearsal<'_>, left: &Resource) -> anyhow::Result<()> {
    let resource = left.more.get("resource");
    match left.kind.as_str() {
        // Packer cannot label the disk; its name is the instance's.
        "disk" => {
            let layer = LAYER.parse().context("the layer's name")?;
            let fleet = &rehearsal.stage.fleet.name;
            let instance = resource_name::build_instance(fleet, &layer, Architecture::Amd64);
            let is_named = left.id.contains(&format!("/disks/{instance}-"));
            ensure!(is_named, "the disk {} is not named after its build", left.id);
        }
        "key" => {
            let expires = resource.and_then(|key| key.get("expirationTimeUsec")?.as_str()?.parse::<u64>().ok());
            let expires = Duration::from_micros(expires.with_context(|| format!("{} does not expire", left.id))?);
            let left_over = expires.checked_sub(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?);
            let is_soon = left_over.is_some_and(|left_over| left_over <= Duration::from_hours(3));
            ensure!(is_soon, "{} expires at {expires:?}", left.id);
        }
        _ => {
            for (tag, value) in [("fleet", "rehearsal"), ("layer", LAYER), ("build", LAYER)] {
                ensure!(
                    left.tags.get(tag).is_some_and(|found| found == value),
                    "{} {} has no tag {tag}",
                    left.kind,
                    left.id
                );
            }
            for tag in ["key", "commit"] {
                ensure!(left.tags.contains_key(tag), "{} {} has no tag {tag}", left.kind, left.id);
            }
        }
    }
    Ok(())
}

/// Looks up faults by name.
///
/// # Errors
/// A name is unknown.
pub(crate) fn wanted(names: &[String]) -> anyhow::Result<Vec<&'static Fault>> {
    let find = |name: &String| match FAULTS.iter().find(|fault| fault.name == name) {
        Some(fault) => Ok(fault),
        None => bail!(
            "unknown fault `{name}`; choose from {}",
            FAULTS.iter().map(|fault| fault.name).collect::<Vec<_>>().join(", ")
        ),
    };
    names.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::FAULTS;

    #[test]
    fn the_document_has_every_fault() {
        let document = include_str!("../../../docs/rehearsal.md");
        let rows: Vec<&str> = document.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let names: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
        assert_eq!(rows, [&["--fault"], names.as_slice()].concat());
    }
}
