//! Stacks: which Terraform state holds a group.

use super::Found;
use crate::diagnostic::{Diagnostic, Rule};
use crate::resolve::Draft;

/// The root of the network itself, which fleetgen writes too.
const RESERVED: &str = "foundation";

/// A stack is not the network's own, and not named after another environment.
pub(super) fn stacks(draft: &Draft<'_>, found: &mut Found) {
    let environments: Vec<&str> = draft
        .file
        .environments
        .get()
        .into_iter()
        .flatten()
        .filter_map(|environment| Some(environment.get()?.name.get()?.as_str()))
        .collect();
    for group in draft.groups.values() {
        let stack = group.stack.as_str();
        let at = group.origins.span("stack");
        if stack == RESERVED {
            found.push(
                Diagnostic::new(Rule::ResourceName, at, "`foundation` is the stack of the network itself")
                    .hint("choose another name for the stack or environment"),
            );
        }
        if stack != group.environment.as_str() && environments.contains(&stack) {
            found.push(
                Diagnostic::new(
                    Rule::UnknownReference,
                    at,
                    format!(
                        "the stack `{stack}` is that of another environment; this group is in `{}`",
                        group.environment
                    ),
                )
                .hint("choose a name that is not an environment's"),
            );
        }
    }
}
