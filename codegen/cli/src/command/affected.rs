//! `fleetgen affected`.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fleetgen_affected::{Affected, RecordedImage, Side};
use fleetgen_fleet::Lines;
use fleetgen_fleet::scalar::Key;
use fleetgen_images::Difference;
use fleetgen_problem::versioned;
use fleetgen_report::AffectedReport;
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::git::{Commit, usage};
use crate::project::hand_written;
use crate::reports::{self, Reports};
use crate::side;
use crate::ui::Ui;

/// Show what a change means: images to build, groups and roots that change, and what to look at first
///
/// Compares fleet.yaml, scripts, checks, modules and images/ with what they were at a revision, which Git shows; nothing is checked
/// out. Without `--to`, the files here are compared, committed or not.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The commit, branch or tag before the change
    #[arg(long, value_name = "REV")]
    since: String,
    /// The commit, branch or tag with the change, instead of the files here
    #[arg(long, value_name = "REV")]
    to: Option<String>,
    /// Print Markdown, as for a comment on a pull request
    #[arg(long, conflicts_with = "html")]
    markdown: bool,
    /// Print a page of HTML, with a picture of the fleet
    #[arg(long)]
    html: bool,
    /// Also show what Terraform would do: plans as text, in files such as `DIR/aws-tokyo/prod.txt`
    #[arg(long, value_name = "DIR")]
    plans: Option<PathBuf>,
    /// Where the lines of fleet.yaml are, for links in Markdown and HTML, such as `https://github.com/example/fleet/blob/main/fleet.yaml`
    #[arg(long, value_name = "URL")]
    link: Option<String>,
    #[command(flatten)]
    reports: reports::Args,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    if let Some(link) = args.link.as_ref().filter(|link| !link.starts_with("https://")) {
        return Err(usage(format!("`{link}` is no address for links"), "give one that begins with `https://`"));
    }
    let commit = Commit::find(global, &args.since)?;
    let to = args.to.as_deref().map(|revision| Commit::find(global, revision)).transpose()?;
    let scripts = hand_written(&global.directory)?;
    let (before, after) = rayon::join(
        || side::at(global, &commit, &scripts),
        || match &to {
            Some(to) => side::at(global, to, &scripts),
            None => side::here(global, ui),
        },
    );
    let ((_, before), (source, after)) = (before?, after?);
    let lines = OnceCell::new();
    let line = |path: &str, value: Option<&str>| {
        lines.get_or_init(|| Lines::new(&source)).as_ref().and_then(|lines: &Lines<'_>| lines.find(path, value))
    };
    let affected = Affected::new(&before, &after, &line);
    let contents = contents(&affected, [&before, &after], &Reports::new(&global.directory, &args.reports))?;
    let plans = args.plans.as_deref().map(plans).transpose()?.unwrap_or_default();
    let report = AffectedReport {
        affected: &affected,
        fleet: &after.fleet,
        file: source.name(),
        link: args.link.as_deref(),
        plans: &plans,
        contents: &contents,
    };
    ui.print(&match (args.html, args.markdown, ui.format) {
        (true, _, _) => report.html().context("the page cannot be rendered")?,
        (_, true, _) => report.markdown().context("the comment cannot be rendered")?,
        (_, _, Format::Json) => format!("{:#}\n", versioned(json!({ "affected": affected }))),
        (_, _, Format::Human | Format::Github) => report.text(),
    })?;
    Ok(Exit::Ok)
}

/// What differs in each image that is recorded; nothing where an SBOM is missing.
fn contents(
    affected: &Affected,
    [before, after]: [&Side; 2],
    reports: &Reports,
) -> Result<Vec<Option<Difference>>, Failure> {
    let of = |side: &Side, image: &RecordedImage, key: &Key| {
        let build = side
            .images
            .get(&image.layer)
            .and_then(|images| images.images.iter().find(|it| it.key == *key)?.build(image.cloud, image.architecture));
        build.map_or(Ok(None), |build| reports.contents(build))
    };
    let difference = |image: &RecordedImage| {
        let Some(from) = &image.from else { return Ok(None) };
        let old = of(before, image, from)?;
        Ok(old.zip(of(after, image, &image.to)?).map(|(old, new)| old.difference(&new)))
    };
    affected.recorded.iter().map(difference).collect()
}

/// The plans in a directory, by root.
fn plans(directory: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut plans = BTreeMap::new();
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
        let entry = entry?;
        let root = entry.path().strip_prefix(directory)?.with_extension("");
        if entry.file_type().is_file()
            && entry.path().extension().is_some_and(|extension| extension == "txt")
            && let Some(root) = root.to_str()
        {
            plans.insert(root.to_owned(), String::from_utf8_lossy(&fs_err::read(entry.path())?).into_owned());
        }
    }
    Ok(plans)
}
