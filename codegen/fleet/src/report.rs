//! Turns a report into text: for people, for programs, and for GitHub's annotations.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::json;

use crate::diagnostic::{Diagnostic, Report};
use crate::source::{Source, Span};

/// How to write a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, with or without colour.
    Human {
        /// Use ANSI colours.
        color: bool,
    },
    /// A JSON object with the list `problems`.
    Json,
    /// Workflow commands that GitHub shows as annotations of a pull request.
    Github,
}

impl Report {
    /// Writes the report.
    pub fn render(&self, source: &Source, format: Format) -> String {
        match format {
            Format::Human { color } => self.human(source, color),
            Format::Json => self.json(source),
            Format::Github => self.diagnostics.iter().map(|diagnostic| github(diagnostic, source)).collect(),
        }
    }

    fn human(&self, source: &Source, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for diagnostic in &self.diagnostics {
            text.push_str(&human(diagnostic, source, &renderer));
            text.push_str("\n\n");
        }
        let count = self.diagnostics.len();
        let problems = if count == 1 { "problem" } else { "problems" };
        let _ = writeln!(text, "{count} {problems} in {}; nothing was written", source.name());
        text
    }

    fn json(&self, source: &Source) -> String {
        let place = |span: Span| {
            let (line, column) = source.line_column(span.start);
            let (end_line, end_column) = source.line_column(span.end);
            json!({ "line": line, "column": column, "end_line": end_line, "end_column": end_column })
        };
        let diagnostics: Vec<_> = self
            .diagnostics
            .iter()
            .map(|diagnostic| {
                let related: Vec<_> = diagnostic
                    .related
                    .iter()
                    .map(|(span, words)| json!({ "message": words, "place": place(*span) }))
                    .collect();
                json!({
                    "rule": diagnostic.rule.code(),
                    "message": diagnostic.message,
                    "file": source.name(),
                    "place": place(diagnostic.span),
                    "text": source.slice(diagnostic.span),
                    "expected": diagnostic.label,
                    "hint": diagnostic.hint,
                    "related": related,
                })
            })
            .collect();
        format!("{:#}\n", json!({ "problems": diagnostics }))
    }
}

/// At least one character, so that there is something to mark, and whole characters only.
fn range(source: &Source, span: Span) -> std::ops::Range<usize> {
    let text = source.text();
    let start = text.floor_char_boundary((span.start as usize).min(text.len()));
    let end = text.floor_char_boundary((span.end as usize).min(text.len())).max(start);
    // A block of many lines is marked at its first.
    let first_line = text[start..end].find('\n').map_or(end, |newline| start + newline);
    if first_line > start {
        return start..first_line;
    }
    start..text[start..].chars().next().map_or(start, |character| start + character.len_utf8())
}

fn human(diagnostic: &Diagnostic, source: &Source, renderer: &Renderer) -> String {
    let primary = AnnotationKind::Primary.span(range(source, diagnostic.span));
    let primary = if diagnostic.label.is_empty() { primary } else { primary.label(visible(&diagnostic.label)) };
    let related = diagnostic
        .related
        .iter()
        .map(|(span, words)| AnnotationKind::Context.span(range(source, *span)).label(visible(words)));
    let snippet = Snippet::source(source.text()).path(source.name()).annotation(primary).annotations(related);
    let title = Level::ERROR.primary_title(visible(&diagnostic.message)).id(diagnostic.rule.code());
    // Of a file that could not be read there is nothing to show.
    let mut groups: Vec<Group<'_>> =
        vec![if source.text().is_empty() { Group::with_title(title) } else { title.element(snippet) }];
    if let Some(hint) = &diagnostic.hint {
        groups.push(Group::with_title(Level::HELP.secondary_title(visible(hint))));
    }
    renderer.render(&groups)
}

/// Control characters must not reach a terminal.
fn visible(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// A workflow command. GitHub decodes `%25`, `%0D` and `%0A`, and in properties `%3A` and `%2C` as well.
fn github(diagnostic: &Diagnostic, source: &Source) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let (line, column) = source.line_column(diagnostic.span.start);
    let (end_line, end_column) = source.line_column(diagnostic.span.end);
    let end = if end_line == line && end_column > column { format!(",endColumn={end_column}") } else { String::new() };
    let mut message = diagnostic.message.clone();
    if let Some(hint) = &diagnostic.hint {
        message.push_str("\nhelp: ");
        message.push_str(hint);
    }
    format!(
        "::error file={},line={line},col={column}{end},title={}::{}\n",
        property(source.name()),
        property(diagnostic.rule.code()),
        data(&message)
    )
}
