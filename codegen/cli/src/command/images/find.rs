//! `fleetgen images find`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use fleetgen_fleet::choice::{Architecture, Cloud};
use fleetgen_fleet::scalar::{GroupName, ImageId, LayerName, VulnerabilityId};
use fleetgen_fleet::{Fleet, Group};
use fleetgen_images::{Build, Image, Records, packages, vulnerabilities};
use fleetgen_report::inert;
use serde::Serialize;
use serde_json::json;

use super::{NONE_RECORDED, state};
use crate::arguments::{Format, Global};
use crate::command::rollout::Simulator;
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::records::Recorded;
use crate::reports::{self, Reports};
use crate::table::table;
use crate::ui::Ui;

/// Find the images that contain a package or a vulnerability, and the groups that run them
///
/// Reads the reports that builds left: SBOMs for a package, Trivy's report for a vulnerability. Nothing is downloaded. What
/// became known after a build is not in its report: `--database` checks the SBOMs against a newer database.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The name of a package, or the id of a vulnerability such as CVE-2026-12345
    what: String,
    #[command(flatten)]
    reports: reports::Args,
    /// Check SBOMs against the database in this cache directory of Trivy; needs `trivy` on PATH
    #[arg(long, value_name = "DIR")]
    database: Option<PathBuf>,
    /// Show the groups that run an image on the simulator, instead of those that may run it
    #[arg(long)]
    simulator: bool,
}

/// A package of an image that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Hit {
    package: String,
    version: String,
    fixed: Option<String>,
}

/// What is asked for.
enum Question {
    Package(String),
    Vulnerability(String),
}

/// A build with what was asked for.
struct Found<'a> {
    layer: &'a LayerName,
    image: &'a Image,
    cloud: Cloud,
    architecture: Architecture,
    hits: BTreeSet<Hit>,
    groups: Vec<&'a GroupName>,
    /// The layer that has it first.
    source: &'a LayerName,
    /// A newer image of the layer that does not have it.
    fixed_by: Option<&'a Image>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    if args.what.trim().is_empty() {
        return Err(Failure::usage("there is nothing to find", Some("name a package or a vulnerability".to_owned())));
    }
    let upper = args.what.to_ascii_uppercase();
    let is_id = upper.starts_with("CVE-") || upper.starts_with("GHSA-");
    let what = if upper.starts_with("CVE-") { upper } else { args.what.clone() };
    let question = match what.parse::<VulnerabilityId>() {
        Ok(id) => Question::Vulnerability(id.to_string()),
        Err(_) if args.database.is_some() || is_id => {
            let message = format!("`{}` is not the id of a vulnerability", args.what);
            return Err(Failure::usage(
                message,
                Some("write one such as CVE-2026-12345; packages are found without `--database`".to_owned()),
            ));
        }
        Err(_) => Question::Package(args.what.clone()),
    };
    let project = Project::load(global, ui)?;
    let recorded = Recorded::read(&project.root, &project.fleet)?;
    let records = Records::new(&recorded.layers);
    let running = if args.simulator { Some(Simulator::open(&project, &recorded.layers)?.running()) } else { None };
    let reports = Reports::new(&global.directory, &args.reports);
    let mut known = BTreeMap::new();
    let mut unread = BTreeSet::new();
    for (layer, image) in records.images() {
        for (cloud, architecture, build) in image.builds() {
            match hits(&reports, build, &question, args)? {
                Some(hits) => {
                    known.insert((image.key.clone(), cloud, architecture), hits);
                }
                None => {
                    unread.insert(format!("{layer} {} {cloud} {architecture}", image.key.short()));
                }
            }
        }
    }
    let mut found = Vec::new();
    for (layer, image) in records.images() {
        for (cloud, architecture, build) in image.builds() {
            let has = |image: &Image| {
                known.get(&(image.key.clone(), cloud, architecture)).filter(|hits: &&BTreeSet<Hit>| !hits.is_empty())
            };
            let Some(hits) = has(image) else { continue };
            let source = records.lineage(image).filter(|ancestor| has(ancestor).is_some()).last();
            let source = source.and_then(|ancestor| records.get(&ancestor.key)).map_or(layer, |(layer, _)| layer);
            let groups = groups(&project.fleet, layer, image, (cloud, architecture, build), running.as_ref());
            let newer = records.layer(layer).iter().rev().take_while(|newer| newer.key != image.key);
            let lacks_it = |newer: &&Image| {
                known.get(&(newer.key.clone(), cloud, architecture)).is_some_and(BTreeSet::is_empty)
                    && records.revoked(newer).is_none()
            };
            let fixed_by = newer.into_iter().find(lacks_it);
            found.push(Found { layer, image, cloud, architecture, hits: hits.clone(), groups, source, fixed_by });
        }
    }
    print(ui, args, &records, &found, (known.len(), &unread))?;
    if !unread.is_empty() {
        ui.warn(&format!(
            "warning: nothing is known about {}: their reports are not in {}",
            unread.iter().cloned().collect::<Vec<_>>().join(", "),
            args.reports.reports.display()
        ))?;
    }
    Ok(Exit::Ok)
}

/// What of a build was asked for; nothing if its report is not here.
fn hits(reports: &Reports, build: &Build, question: &Question, args: &Args) -> Result<Option<BTreeSet<Hit>>, Failure> {
    let sbom = || reports.get(build, "sbom");
    match (question, &args.database) {
        (Question::Package(name), _) => {
            let Some(sbom) = sbom()? else { return Ok(None) };
            let packages = packages(&sbom).context("an SBOM cannot be read")?.into_iter();
            let named = packages.filter(|package| package.name.eq_ignore_ascii_case(name));
            Ok(Some(named.map(|it| Hit { package: it.name, version: it.version, fixed: None }).collect()))
        }
        (Question::Vulnerability(id), database) => {
            let report = match database {
                None => reports.get(build, "trivy")?,
                Some(cache) => sbom()?.map(|_| scan(reports, build, cache)).transpose()?,
            };
            let Some(report) = report else { return Ok(None) };
            let found = vulnerabilities(&report).context("Trivy's report cannot be read")?.into_iter();
            let found = found.filter(|found| found.id == *id);
            Ok(Some(found.map(|it| Hit { package: it.package, version: it.version, fixed: it.fixed }).collect()))
        }
    }
}

/// Scans an SBOM with Trivy, offline.
fn scan(reports: &Reports, build: &Build, cache: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    let Some(digest) = build.digests.get("sbom") else { return Ok(Vec::new()) };
    let mut command = Command::new("trivy");
    command.args(["--quiet", "--cache-dir"]).arg(cache).args([
        "sbom",
        "--skip-db-update",
        "--skip-java-db-update",
        "--offline-scan",
    ]);
    command.args(["--skip-version-check", "--disable-telemetry", "--format", "json"]).arg(reports.path(digest));
    let output = command.output().context("`--database` runs `trivy`, which must be on PATH")?;
    anyhow::ensure!(output.status.success(), "trivy failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(output.stdout)
}

/// The groups that run a build. Without knowing what groups run, those that may have got it: also after it was revoked, and
/// while a newer one exists.
fn groups<'a>(
    fleet: &'a Fleet,
    layer: &LayerName,
    image: &Image,
    (cloud, architecture, build): (Cloud, Architecture, &Build),
    running: Option<&BTreeMap<GroupName, ImageId>>,
) -> Vec<&'a GroupName> {
    let runs = |group: &&Group| {
        if let Some(running) = running {
            return running.get(&group.name).is_some_and(|id| build.ids.values().any(|built| built == id));
        }
        let is_its = group.layer == *layer && group.cloud() == cloud && group.machine.architecture == architecture;
        is_its && image.promotion(&group.environment).is_some()
    };
    fleet.groups.values().filter(runs).map(|group| &group.name).collect()
}

/// How to get a newer image that does not have it to the groups.
fn remedy(found: &Found<'_>) -> Option<String> {
    let newer = found.fixed_by?;
    let key = newer.key.short();
    let next = found.image.promotions.iter().find(|promotion| newer.promotion(&promotion.environment).is_none());
    Some(match next {
        Some(next) => {
            let environment = &next.environment;
            format!("{key} does not have it; `fleetgen images promote {key} --to {environment}` is the next step")
        }
        None => {
            format!("{key} does not have it, and may run wherever this may; `fleetgen rollout plan` moves groups to it")
        }
    })
}

fn print(
    ui: &mut Ui,
    args: &Args,
    records: &Records<'_>,
    found: &[Found<'_>],
    (searched, unread): (usize, &BTreeSet<String>),
) -> std::io::Result<()> {
    let on_groups = || found.iter().filter(|found| !found.groups.is_empty());
    let rebuild: BTreeSet<_> = on_groups().filter(|it| it.fixed_by.is_none()).map(|found| found.source).collect();
    let newer: BTreeSet<_> = on_groups().filter_map(|it| Some((it.layer, remedy(it)?))).collect();
    if ui.format == Format::Json {
        let images: Vec<_> = found
            .iter()
            .map(|found| {
                json!({
                    "layer": found.layer, "key": found.image.key, "cloud": found.cloud, "architecture": found.architecture,
                    "packages": found.hits, "promotions": found.image.promotions, "revoked": records.revoked(found.image),
                    "groups": found.groups, "since_layer": found.source, "fixed_by": found.fixed_by.map(|image| &image.key),
                })
            })
            .collect();
        return ui.json(json!({ "images": images, "rebuild": rebuild, "unknown": unread }));
    }
    if found.is_empty() {
        if searched == 0 && unread.is_empty() {
            return ui.note(NONE_RECORDED);
        }
        let builds = fleetgen_report::count(searched, "recorded build");
        return ui.print(&format!("{} is in none of {builds} with a report\n", inert(&args.what)));
    }
    let rows = found.iter().map(|found| {
        let hits = found.hits.iter().map(|hit| match &hit.fixed {
            Some(fixed) => format!("{} {} (fixed in {fixed})", hit.package, hit.version),
            None => format!("{} {}", hit.package, hit.version),
        });
        let groups: Vec<&str> = found.groups.iter().map(|group| group.as_str()).collect();
        vec![
            found.layer.to_string(),
            found.image.key.short().to_owned(),
            format!("{} {}", found.cloud, found.architecture),
            hits.collect::<Vec<_>>().join(", "),
            state(records, found.image),
            if groups.is_empty() { "-".to_owned() } else { groups.join(", ") },
        ]
    });
    let groups = if args.simulator { "RUNS ON" } else { "MAY RUN ON" };
    ui.print(&table(&["LAYER", "KEY", "BUILD", "PACKAGE", "MAY RUN IN", groups], rows.collect(), &[]))?;
    for (layer, remedy) in &newer {
        ui.note(&format!("{layer}: {remedy}"))?;
    }
    if !rebuild.is_empty() {
        let layers: Vec<&str> = rebuild.iter().map(|layer| layer.as_str()).collect();
        ui.note(&format!("rebuild {}, and what is built on it: it has the package first", layers.join(" and ")))?;
    }
    if rebuild.is_empty() && newer.is_empty() {
        ui.note("no group needs a new image")?;
    }
    Ok(())
}
