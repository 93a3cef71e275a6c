//! `fleetgen rollout simulate`.

use std::fmt::Write as _;
use std::path::PathBuf;

use fleetgen_rollout::{SealedRecord, describe};
use fleetgen_simulator::{Estimate, estimate};
use jiff::SignedDuration;
use serde_json::json;

use super::place::read_plan;
use crate::arguments::{Format, Global};
use crate::error::Outcome;
use crate::exit::Exit;
use crate::ui::Ui;

/// Run a plan many times on the simulator, with what usually goes wrong
///
/// One group in 50 has an image that does not work, and one in ten has throttling, lost answers, no capacity, slow
/// terminations or a machine that dies. Approvals are given at once. Real clouds differ: use it to compare plans, and to see
/// what a bad day looks like.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The plan's file
    plan: PathBuf,
    /// The seed of the first run; the others follow. The same seed gives the same runs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many runs
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    runs: u64,
    /// Print the timeline of the worst run
    #[arg(long)]
    worst: bool,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let plan = read_plan(global, &args.plan)?;
    let found = estimate(&plan, args.seed, args.runs);
    let records = found.worst.as_ref().map(|worst| worst.records.as_slice()).unwrap_or_default();
    let records: Vec<_> = records.iter().filter_map(|text| Some(SealedRecord::parse(text).ok()?.record)).collect();
    if ui.format == Format::Json {
        let outcomes: Vec<_> =
            found.outcomes.iter().map(|(outcome, runs)| json!({ "outcome": outcome, "runs": runs })).collect();
        let seconds = |percent| found.percentile(percent).as_secs();
        let lowest = found.lowest.as_ref().map(|(percent, group)| json!({ "percent": percent, "group": group }));
        ui.json(json!({
            "rollout": plan.id(), "seed": args.seed, "runs": args.runs, "outcomes": outcomes,
            "seconds": { "p50": seconds(50), "p90": seconds(90), "p99": seconds(99) },
            "lowest": lowest, "worst_seed": found.worst_seed,
        }))?;
        return Ok(Exit::Ok);
    }
    ui.print(&text(&found))?;
    if args.worst {
        ui.print(&format!("\nthe worst run, with seed {}:\n{}", found.worst_seed, describe(&plan, &records)))?;
    } else {
        ui.note("`--worst` prints the timeline of the worst run")?;
    }
    Ok(Exit::Ok)
}

fn text(found: &Estimate) -> String {
    let mut text = String::new();
    for (outcome, runs) in &found.outcomes {
        let name = outcome.map_or("not over after 9 days", fleetgen_rollout::RolloutOutcome::as_str);
        let _ = writeln!(text, "{name:<22}  {runs:>6} of {} runs", found.runs);
    }
    for percent in [50, 90, 99] {
        let _ = writeln!(text, "{percent}% end within        {:>10}", hours(found.percentile(percent)));
    }
    if let Some((percent, group)) = &found.lowest {
        let _ = writeln!(text, "fewest healthy machines  {percent}% of {group}");
    }
    text
}

fn hours(duration: SignedDuration) -> String {
    let minutes = duration.as_mins();
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}
