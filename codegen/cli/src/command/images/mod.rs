//! `fleetgen images`: one file for each subcommand.

mod find;
mod list;
mod promote;
mod prune;
mod record;
mod revoke;

use fleetgen_images::{Image, Records};

use crate::arguments::Global;
use crate::error::Outcome;
use crate::ui::Ui;

/// Record images, decide where they may run, and find out what is in them
///
/// images/<layer>.yaml lists the images of a layer. `record`, `promote` and `revoke` edit it, for a pull request: Git keeps
/// who decided what, and the pull request is the approval. docs/images.md explains it all.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Record(record::Args),
    List(list::Args),
    Promote(promote::Args),
    Revoke(revoke::Args),
    Find(find::Args),
    Prune(prune::Args),
}

impl Command {
    /// Whether the command writes to the repository.
    pub(crate) fn writes(&self) -> bool {
        match self {
            Self::Record(_) | Self::Promote(_) | Self::Revoke(_) => true,
            Self::Prune(args) => args.remove,
            Self::List(_) | Self::Find(_) => false,
        }
    }
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    match &args.command {
        Command::Record(args) => record::run(global, args, ui),
        Command::List(args) => list::run(global, args, ui),
        Command::Promote(args) => promote::run(global, args, ui),
        Command::Revoke(args) => revoke::run(global, args, ui),
        Command::Find(args) => find::run(global, args, ui),
        Command::Prune(args) => prune::run(global, args, ui),
    }
}

/// What is said where no image is recorded.
const NONE_RECORDED: &str = "no image is recorded; `fleetgen images record` adds what a build produced";

/// Where an image may run, in words.
fn state<'a>(records: &Records<'a>, image: &'a Image) -> String {
    match (&image.revoked, records.revoked(image)) {
        (Some(revocation), _) => format!("revoked: {}", revocation.reason),
        (None, Some(why)) => format!("revoked with its parent: {why}"),
        (None, None) if image.promotions.is_empty() => "candidate".to_owned(),
        (None, None) => {
            let environments = image.promotions.iter().map(|promotion| promotion.environment.as_str());
            environments.collect::<Vec<_>>().join(", ")
        }
    }
}
