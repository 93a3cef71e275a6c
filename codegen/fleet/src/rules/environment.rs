//! Environments, with their windows, freezes and gates.

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem, suggest_or_list};

use super::Problems;
use crate::draft::Draft;
use crate::field::Field;
use crate::gate;

/// Names that would give a group's role on AWS the name of a job's, such as `example-build-runner`.
const TAKEN: &[&str] = &["apply", "build", "rollout"];

/// There is an environment, and no two have the same name.
pub(super) fn environments(draft: &Draft<'_>, problems: &mut Problems) {
    let field = &draft.file.environments;
    let Some(environments) = field.get() else { return };
    if environments.is_empty() {
        problems.push(
            Problem::new(Code::MissingKey, field.span, "there is no environment")
                .hint("add one, such as `- { name: prod, approval: owners }`"),
        );
    }
    let mut seen = BTreeMap::new();
    for environment in environments.iter().filter_map(Field::get) {
        let Some(name) = environment.name.get() else { continue };
        if TAKEN.contains(&name.as_str()) {
            problems.push(
                Problem::new(
                    Code::ResourceName,
                    environment.name.span,
                    format!("an environment cannot have the name `{name}`"),
                )
                .label("taken by the roles of jobs")
                .hint("choose another name"),
            );
        }
        if let Some(first) = seen.insert(name, environment.name.span) {
            problems.push(
                Problem::new(Code::DuplicateKey, environment.name.span, format!("duplicate environment `{name}`"))
                    .label("the second one")
                    .related(first, "the first one")
                    .hint("rename or remove one of the two"),
            );
        }
    }
}

/// Windows end after they start, on at least one day.
pub(super) fn windows(draft: &Draft<'_>, problems: &mut Problems) {
    let environments = draft.file.environments.get().into_iter().flatten().filter_map(Field::get);
    let windows = environments.filter_map(|environment| environment.windows.as_ref()?.get()).flatten();
    for window in windows.filter_map(Field::get) {
        if let (Some(from), Some(to)) = (window.from.get(), window.to.get())
            && from >= to
        {
            problems.push(
                Problem::new(
                    Code::InvalidValue,
                    window.to.span,
                    format!("the window ends at {to}, before it starts at {from}"),
                )
                .label(format!("must be later than {from}"))
                .hint("write a window across midnight as two windows"),
            );
        }
        if window.days.get().is_some_and(Vec::is_empty) {
            problems.push(
                Problem::new(Code::InvalidValue, window.days.span, "the window has no days")
                    .hint("add days, such as `[mon, tue]`"),
            );
        }
    }
}

/// Gates have exactly one check.
pub(super) fn gates(draft: &Draft<'_>, problems: &mut Problems) {
    let environments = draft.file.environments.get().into_iter().flatten().filter_map(Field::get);
    for gates in environments.filter_map(|environment| environment.gates.as_ref()) {
        gate::resolve_for_environment(Some(gates), problems);
    }
}

/// Freezes end after they start, and apply to environments that exist.
pub(super) fn freezes(draft: &Draft<'_>, problems: &mut Problems) {
    let policy = draft.file.rollout.as_ref().and_then(Field::get);
    let freezes = policy.and_then(|policy| policy.freezes.as_ref()?.get()).into_iter().flatten();
    let written = draft.file.environments.get().into_iter().flatten().filter_map(Field::get);
    let known: Vec<&str> = written.filter_map(|environment| Some(environment.name.get()?.as_str())).collect();
    for freeze in freezes.filter_map(Field::get) {
        if let (Some(from), Some(until)) = (freeze.from.get(), freeze.until.get())
            && from > until
        {
            problems.push(
                Problem::new(
                    Code::InvalidValue,
                    freeze.until.span,
                    format!("the freeze ends on {until}, before it starts on {from}"),
                )
                .label(format!("must be {from} or later"))
                .hint("`until` is the last day of the freeze"),
            );
        }
        for field in freeze.environments.iter().filter_map(Field::get).flatten() {
            let Some(name) = field.get().filter(|name| !known.contains(&name.as_str())) else { continue };
            problems.push(
                Problem::new(Code::UnknownReference, field.span, format!("there is no environment `{name}`"))
                    .label("not a key of `environments`")
                    .maybe_hint(suggest_or_list(name.as_str(), known.iter().copied())),
            );
        }
    }
}
