//! Stacks: which Terraform state holds a group.

use fleetgen_problem::{Code, Problem};

use super::Problems;
use crate::draft::Draft;
use crate::field::Field;
use crate::model::Scope;

/// A stack is not the network's own root, and not named after another environment.
pub(super) fn stacks(draft: &Draft<'_>, problems: &mut Problems) {
    let environments = draft.file.environments.get().into_iter().flatten().filter_map(Field::get);
    let environments: Vec<&str> =
        environments.filter_map(|environment| Some(environment.name.get()?.as_str())).collect();
    for group in draft.groups.values() {
        let stack = group.stack.as_str();
        let at = group.origins.span("stack");
        if stack == Scope::FOUNDATION {
            problems.push(
                Problem::new(Code::ResourceName, at, format!("`{stack}` is the name of the network's own root"))
                    .hint("choose another name for the stack or environment"),
            );
        }
        if stack != group.environment.as_str() && environments.contains(&stack) {
            problems.push(
                Problem::new(
                    Code::UnknownReference,
                    at,
                    format!(
                        "the stack `{stack}` belongs to another environment; this group is in `{}`",
                        group.environment
                    ),
                )
                .hint("choose a name that is not an environment"),
            );
        }
    }
}
