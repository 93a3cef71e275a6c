//! What people read about changes, plans and rollouts.
//!
//! A [`PlanReport`] shows what a plan changes, down to packages and vulnerabilities. A [`History`] shows what a rollout did, from
//! its journal. Both render to text, Markdown and JSON, and a history to a page of HTML as well. Names and reasons come from
//! people and clouds, so each format escapes them. Nothing here reads a file, a clock or the network.

mod affected;
mod contents;
mod explanation;
mod history;
mod plan;
mod template;
mod timeline;

pub use affected::AffectedReport;
pub use explanation::{explain, explanation_lines};
pub use history::{GroupHistory, History, Span};
pub use plan::{Move, PlanReport};

use jiff::SignedDuration;

/// A duration for people: `3 h 05 min`, `12 min`, `45 s`.
pub fn duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

/// Text without characters that would steer a terminal, or reorder what is read.
pub fn inert(text: &str) -> String {
    let is_hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|character| if is_hidden(character) { '\u{fffd}' } else { character }).collect()
}

/// A number of things: `1 group`, `3 groups`.
pub fn count(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}
