//! What fleet.yaml means.
//!
//! [`load`] takes the text and gives the [`Fleet`], or a [`Report`] of everything that is wrong. It goes through four
//! stages, each with types of its own:
//!
//! 1. `yaml`: text to a tree that remembers where each value stands;
//! 2. `decode`: the tree to the types of `file`, key by key;
//! 3. `resolve`: inheritance, references and defaults, to the types of `model`;
//! 4. `rules`: what must hold between values.
//!
//! A stage goes on after a mistake wherever it can, so that one run tells everything. Nothing here reads a file, a clock
//! or the environment.

pub mod catalog;
pub mod choice;
mod decode;
mod diagnostic;
mod field;
mod file;
mod model;
mod placement;
pub mod reference;
mod report;
mod resolve;
pub mod resource_name;
mod rules;
pub mod scalar;
mod schema;
mod secret;
mod source;
mod yaml;

pub use diagnostic::{Diagnostic, Report, Rule, suggest_or_list};
pub use model::*;
pub use placement::{Placement, placements};
pub use report::Format;
pub use schema::json_schema;
pub use source::{Source as SourceFile, Span, Unreadable};

use scalar::Date;
use yaml::Places;

/// Reads a fleet.yaml as of a day; without one, nothing in it has expired. The fleet does not know where its values stand; [`load_with_places`] gives one that does.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file.
pub fn load(source: &SourceFile, today: Option<&Date>) -> Result<Fleet, Report> {
    // A file with a mistake is read again, with places, so that the mistake can be told.
    read(source, today, Places::Drop).or_else(|_| load_with_places(source, today))
}

/// Reads a fleet.yaml, and remembers for each value of a group where it came from.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file.
pub fn load_with_places(source: &SourceFile, today: Option<&Date>) -> Result<Fleet, Report> {
    read(source, today, Places::Keep)
}

fn read(source: &SourceFile, today: Option<&Date>, places: Places) -> Result<Fleet, Report> {
    let (secrets, (fleet, found)) = rayon::join(
        || secret::find(source),
        || {
            let mut found = Vec::new();
            let root = yaml::parse(source, places, &mut found);
            (root.and_then(|root| resolve::resolve(&root, today, &mut found)), found)
        },
    );
    match fleet {
        Some(fleet) if found.is_empty() && secrets.is_empty() => Ok(fleet),
        _ => Err(Report::settle([secrets, found].concat())),
    }
}
