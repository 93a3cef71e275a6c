//! What a change means, as people review it.

mod picture;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_affected::{
    Affected, Change, FileChange, GroupChange, ImageBuild, LayerChange, NewImage, Risk, RiskKind, RootChange,
};
use fleetgen_fleet::Fleet;
use fleetgen_fleet::choice::Cloud;
use fleetgen_images::Difference;
use serde::Serialize;

use picture::Picture;

use crate::{contents, count, inert, template};

/// GitHub takes no longer comment, in characters.
const LONGEST: usize = 65_536;
/// The longest value of a setting that is shown, in characters.
const VALUE: usize = 120;
/// How many characters of a plan are shown where a list has one item.
const LINE: usize = 100;
/// How many settings of a group are shown.
const SETTINGS: usize = 8;

/// A change, with what is needed to show it.
pub struct AffectedReport<'a> {
    /// What changes.
    pub affected: &'a Affected,
    /// The fleet after the change.
    pub fleet: &'a Fleet,
    /// The name of the fleet's file.
    pub file: &'a str,
    /// Where its lines can be read.
    pub link: Option<&'a str>,
    /// What Terraform says it would do, by root, for Markdown and HTML.
    pub plans: &'a BTreeMap<String, String>,
    /// What differs in the images that are recorded, in their order; nothing where an SBOM is missing.
    pub contents: &'a [Option<Difference>],
}

#[derive(Serialize)]
struct RiskRow<'a> {
    kind: &'static str,
    about: String,
    what: &'a str,
    place: Option<String>,
    link: Option<String>,
}

/// What changes in the groups of an environment in a network.
#[derive(Default, Serialize)]
struct Cell<'a> {
    environment: &'a str,
    network: &'a str,
    changed: usize,
    rolled: usize,
    created: usize,
    removed: usize,
}

#[derive(Serialize)]
struct LayerRow<'a> {
    name: &'a str,
    depth: usize,
    change: &'static str,
    keys: String,
    why: String,
    builds: Vec<String>,
    groups: String,
}

/// An image that is recorded, and what is in it.
#[derive(Serialize)]
struct RecordedRow {
    title: String,
    lines: Vec<String>,
}

#[derive(Serialize)]
struct GroupRow<'a> {
    name: &'a str,
    environment: &'a str,
    network: &'a str,
    terraform: String,
    image: String,
    settings: Vec<String>,
}

#[derive(Serialize)]
struct RootRow<'a> {
    name: &'a str,
    change: &'static str,
    why: String,
}

/// What Terraform says of a root.
#[derive(Serialize)]
struct PlanRow<'a> {
    root: &'a str,
    summary: String,
    text: String,
    lines: Vec<String>,
    /// What surrounds the text in Markdown: longer than any row of backticks in it.
    fence: String,
}

/// A list that may have been cut.
#[derive(Serialize)]
struct Shown<T> {
    rows: Vec<T>,
    all: usize,
    left_out: usize,
}

impl<T> Shown<T> {
    fn new(rows: impl Iterator<Item = T>, all: usize, most: usize) -> Self {
        Self { rows: rows.take(most).collect(), all, left_out: all.saturating_sub(most) }
    }
}

#[derive(Serialize)]
struct Page<'a> {
    headline: String,
    risks: Shown<RiskRow<'a>>,
    cells: Shown<Cell<'a>>,
    layers: Shown<LayerRow<'a>>,
    recorded: Shown<RecordedRow>,
    /// How many vulnerabilities those images fix, and add; nothing if it is not known of any.
    vulnerabilities: Option<String>,
    groups: Shown<GroupRow<'a>>,
    /// The groups that only get the new image of their layer.
    rolled: usize,
    roots: Shown<RootRow<'a>>,
    files: Shown<(&'static str, &'a str)>,
    plans: Vec<PlanRow<'a>>,
    images: usize,
    picture: Picture<'a>,
}

impl AffectedReport<'_> {
    /// What changes, in a line.
    pub fn headline(&self) -> String {
        let mut parts = Vec::new();
        let affected = self.affected;
        let mut add = |number: usize, text: String| {
            if number > 0 {
                parts.push(text);
            }
        };
        add(affected.rebuilt(), format!("{} rebuilt", count(affected.rebuilt(), "layer")));
        add(affected.recorded.len(), format!("{} recorded", count(affected.recorded.len(), "image")));
        add(affected.rolled(), format!("{} will roll", count(affected.rolled(), "group")));
        let changed = affected.groups.iter().filter(|group| group.terraform.is_some()).count();
        add(changed, format!("{} changed by Terraform", count(changed, "group")));
        for kind in RiskKind::ALL {
            let number = affected.risks.iter().filter(|risk| risk.kind == kind).map(|risk| risk.about.len()).sum();
            add(number, kind.count(number));
        }
        let elsewhere = affected.roots.iter().filter(|root| root.environments.is_empty()).count();
        add(elsewhere, format!("{} of accounts and networks", count(elsewhere, "root")));
        if !parts.is_empty() {
            return parts.join(", ");
        }
        match affected.files.len() + affected.written.len() {
            0 => "Nothing changes in the fleet".to_owned(),
            number => format!("Only {}, and nothing in the fleet", count(number, "other file")),
        }
    }

    /// A comment for a pull request: one screen, with everything else folded, in the same order each time. What does not fit is
    /// counted.
    ///
    /// # Errors
    /// A bug in fleetgen: the template does not render.
    pub fn markdown(&self) -> tera::TeraResult<String> {
        // A row has more than a hundred characters.
        let mut most = self
            .longest()
            .min(LONGEST / LINE)
            .max(self.plans.values().map(|text| text.len() / LINE + 1).max().unwrap_or(0));
        loop {
            let text = template::markdown(include_str!("../templates/affected.md"), &self.page(most))?;
            if text.chars().count() <= LONGEST || most == 0 {
                return Ok(text);
            }
            most /= 2;
        }
    }

    /// A page that needs nothing else.
    ///
    /// # Errors
    /// A bug in fleetgen: the template does not render.
    pub fn html(&self) -> tera::TeraResult<String> {
        template::html(include_str!("../templates/affected.html"), &self.page(usize::MAX))
    }

    /// The length of the longest list.
    fn longest(&self) -> usize {
        let Affected { risks, layers, recorded, groups, roots, files, written } = self.affected;
        [risks.len(), layers.len(), recorded.len(), groups.len(), roots.len(), files.len() + written.len()]
            .into_iter()
            .max()
            .unwrap_or(0)
    }

    fn page(&self, most: usize) -> Page<'_> {
        let Affected { risks, layers, recorded, groups, roots, files, written } = self.affected;
        let cells = self.cells();
        // The others are listed with their layer.
        let is_own = |group: &&GroupChange| group.terraform.is_some() || group.image != Some(NewImage::Rebuilt);
        let own: Vec<&GroupChange> = groups.iter().filter(is_own).collect();
        let (others, all) = (files.iter().chain(written), files.len() + written.len());
        Page {
            headline: self.headline(),
            risks: Shown::new(risks.iter().map(|risk| self.risk(risk)), risks.len(), most),
            cells: Shown { all: cells.len(), rows: cells, left_out: 0 },
            layers: Shown::new(layers.iter().map(|layer| self.layer(layer)), layers.len(), most),
            recorded: Shown::new(self.recorded(), recorded.len(), most),
            vulnerabilities: self.vulnerabilities(),
            groups: Shown::new(own.iter().map(|change| group(change)), own.len(), most),
            rolled: groups.len() - own.len(),
            roots: Shown::new(roots.iter().map(root), roots.len(), most),
            files: Shown::new(others.map(|file: &FileChange| (file.change.as_str(), file.path.as_str())), all, most),
            plans: self.plans.iter().map(|(root, text)| plan(root, text, most)).collect(),
            images: layers.iter().map(|layer| layer.builds.len()).sum(),
            picture: self.picture(),
        }
    }

    fn recorded(&self) -> impl Iterator<Item = RecordedRow> {
        self.affected.recorded.iter().zip(self.contents).map(|(image, contents)| {
            let from = image.from.as_ref().map(|key| format!("{} → ", key.short())).unwrap_or_default();
            let (cloud, architecture) = (image.cloud.title(), image.architecture);
            RecordedRow {
                title: format!("{} on {cloud} {architecture}: {from}{}", image.layer, image.to.short()),
                lines: match (contents, &image.from) {
                    (Some(difference), _) => contents::lines(difference),
                    (None, Some(_)) => vec!["what differs is unknown: an SBOM is missing".to_owned()],
                    (None, None) => vec!["the first image there".to_owned()],
                },
            }
        })
    }

    fn vulnerabilities(&self) -> Option<String> {
        let known = self.contents.iter().flatten().filter_map(|difference| difference.vulnerabilities.as_ref());
        let [mut fixed, mut added] = [BTreeSet::new(), BTreeSet::new()];
        for changed in known.clone() {
            fixed.extend(changed.fixed.iter().map(|it| &it.id));
            added.extend(changed.added.iter().map(|it| &it.id));
        }
        known.count().gt(&0).then(|| format!("vulnerabilities: {} fixed, {} added", fixed.len(), added.len()))
    }

    fn risk<'a>(&self, risk: &'a Risk) -> RiskRow<'a> {
        let place = risk.line.map(|line| format!("{}:{line}", self.file));
        let link = risk.line.zip(self.link).map(|(line, link)| format!("{link}#L{line}"));
        RiskRow { kind: risk.kind.title(), about: about(&risk.about), what: &risk.what, place, link }
    }

    fn cells(&self) -> Vec<Cell<'_>> {
        let order =
            |name: &str| self.fleet.environments.iter().position(|environment| environment.name.as_str() == name);
        let mut cells: BTreeMap<(Option<usize>, &str, &str), Cell<'_>> = BTreeMap::new();
        for group in &self.affected.groups {
            let (environment, network) = (group.environment.as_str(), group.network.as_str());
            let cell = cells.entry((order(environment), environment, network)).or_default();
            (cell.environment, cell.network) = (environment, network);
            cell.rolled += usize::from(group.image.is_some());
            match group.terraform {
                Some(Change::Created) => cell.created += 1,
                Some(Change::Changed) => cell.changed += 1,
                Some(Change::Removed) => cell.removed += 1,
                None => {}
            }
        }
        cells.into_values().collect()
    }

    fn layer<'a>(&self, layer: &'a LayerChange) -> LayerRow<'a> {
        let short = |key: &Option<String>| key.as_deref().map(|key| key.get(..12).unwrap_or(key).to_owned());
        let keys = [short(&layer.from), short(&layer.to)].into_iter().flatten().collect::<Vec<_>>().join(" → ");
        let depth = self.fleet.layers.get(&layer.layer).map_or(0, |layer| layer.ancestors.len());
        let names: Vec<&str> = layer.groups.iter().map(AsRef::as_ref).collect();
        LayerRow {
            name: layer.layer.as_str(),
            depth,
            change: layer.change.as_str(),
            keys,
            why: shorten(&layer.why, SETTINGS),
            builds: builds(&layer.builds),
            groups: names.join(", "),
        }
    }
}

fn group(group: &GroupChange) -> GroupRow<'_> {
    let mut settings: Vec<String> =
        group.settings.iter().take(SETTINGS).map(|setting| cut(&setting.to_string())).collect();
    if group.settings.len() > SETTINGS {
        settings.push(count(group.settings.len() - SETTINGS, "more setting"));
    }
    GroupRow {
        name: group.group.as_str(),
        environment: group.environment.as_str(),
        network: group.network.as_str(),
        terraform: match &group.renamed_from {
            Some(former) => format!("renamed from {former}"),
            None => group.terraform.map_or("", Change::as_str).to_owned(),
        },
        image: group.image.as_ref().map(image).unwrap_or_default(),
        settings,
    }
}

fn image(image: &NewImage) -> String {
    match image {
        NewImage::Rebuilt => "its layer is built again".to_owned(),
        NewImage::Layer { from, to } => format!("another layer: {from} → {to}"),
        NewImage::Decided => "an image was promoted or revoked".to_owned(),
    }
}

fn root(root: &RootChange) -> RootRow<'_> {
    let modules = root.modules.iter().map(|module| format!("module {module}"));
    let why: Vec<String> = modules.chain(root.files.iter().cloned()).collect();
    RootRow { name: &root.root, change: root.change.as_str(), why: shorten(&why, SETTINGS) }
}

/// A plan, of which long lists and the end of a long text are left out.
fn plan<'a>(root: &'a str, text: &str, most: usize) -> PlanRow<'a> {
    let is_summary =
        |line: &&str| line.starts_with("Plan:") || line.starts_with("No changes.") || line.contains("Error:");
    let summary = text.lines().find(is_summary).unwrap_or("it says nothing");
    let summary = cut(summary.trim_start_matches(['│', ' ', '╷']).trim_start_matches("Plan: "));
    let longest = most.saturating_mul(LINE);
    let mut shown: String = text.lines().map(inert).flat_map(|line| [line, "\n".to_owned()]).collect();
    if shown.chars().count() > longest {
        shown = shown.chars().take(longest).collect::<String>() + "\n… the log of the job has the rest\n";
    }
    let longest_row = shown.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let lines = shown.lines().map(str::to_owned).collect();
    PlanRow { root, summary, text: shown, lines, fence: "`".repeat(longest_row.max(2) + 1) }
}

/// `group web`, or `groups web, api and 3 more`.
fn about(things: &[String]) -> String {
    let (Some((kind, _)), 2..) = (things[0].split_once(' '), things.len()) else { return things.join(", ") };
    let names: Vec<String> = things.iter().map(|thing| thing.trim_start_matches(kind).trim().to_owned()).collect();
    format!("{kind}s {}", shorten(&names, SETTINGS))
}

/// A line for each cloud and set of regions: `AWS amd64, arm64 in ap-northeast-1, us-west-2`.
fn builds(builds: &[ImageBuild]) -> Vec<String> {
    let mut lines: BTreeMap<(Cloud, String), Vec<&str>> = BTreeMap::new();
    for build in builds {
        let regions = build.regions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        lines.entry((build.cloud, regions)).or_default().push(build.architecture.as_str());
    }
    lines
        .into_iter()
        .map(|((cloud, regions), on)| format!("{} {} in {regions}", cloud.title(), on.join(", ")))
        .collect()
}

fn shorten(words: &[String], most: usize) -> String {
    let shown = words.iter().take(most).map(|word| cut(word)).collect::<Vec<_>>().join(", ");
    match words.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= VALUE {
        return text.to_owned();
    }
    text.chars().take(VALUE).chain(['…']).collect()
}
