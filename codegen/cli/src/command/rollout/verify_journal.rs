//! `fleetgen rollout verify-journal`.

use serde_json::json;

use super::place::Rollout;
use crate::arguments::{Format, Global};
use crate::error::Outcome;
use crate::exit::Exit;
use crate::ui::Ui;

/// Check that nothing in a rollout's journal was changed, removed or reordered
///
/// Each record has the digest of the one before it, and the first one that of the plan. Keep the last digest somewhere else
/// to prove later that the journal was not replaced as a whole.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The first digits of the rollout's id; the newest rollout if not given
    rollout: Option<String>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let rollout = Rollout::find(global, args.rollout.as_deref())?;
    let replayed = rollout.replay()?;
    let (id, head) = (rollout.engine.id(), replayed.head);
    match ui.format {
        Format::Json => {
            ui.json(json!({ "rollout": id, "records": head.number, "head": head.digest }))?;
        }
        Format::Human | Format::Github => {
            ui.print(&format!(
                "{} records of the rollout {id} are as they were written; the last is {}\n",
                head.number, head.digest
            ))?;
        }
    }
    Ok(Exit::Ok)
}
