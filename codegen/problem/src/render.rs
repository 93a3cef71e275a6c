//! Turns problems into text: for people, for programs, and for GitHub's annotations.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Map, Value, json};

use crate::{Place, Problem, Severity, SourceFile, Span, has_errors};

/// How to write problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, with or without ANSI colours.
    Human {
        /// Use colours.
        color: bool,
    },
    /// A JSON object with the list `problems`.
    Json,
    /// Workflow commands that GitHub shows as annotations of a pull request.
    Github,
}

/// Writes problems. `source` is the file that their spans point into, if they have any.
pub fn render(problems: &[Problem], source: Option<&SourceFile>, format: Format) -> String {
    match format {
        Format::Human { color } => human(problems, source, color),
        Format::Json => {
            let problems: Vec<_> = problems.iter().map(|problem| json(problem, source)).collect();
            format!("{:#}\n", versioned(json!({ "problems": problems })))
        }
        Format::Github => problems.iter().map(|problem| github(problem, source)).collect(),
    }
}

/// The version of the form of all that is printed for programs. Keys may be added to it; what changes or goes needs another one.
const VERSION: u32 = 1;

/// An object with the version of its form in front.
#[must_use]
pub fn versioned(answer: Value) -> Value {
    let mut object = Map::from_iter([("version".to_owned(), Value::from(VERSION))]);
    if let Value::Object(entries) = answer {
        object.extend(entries);
    }
    Value::Object(object)
}

/// How many problems people are shown. Who has more has made one mistake many times.
const MOST: usize = 1_000;

fn human(problems: &[Problem], source: Option<&SourceFile>, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for problem in problems.iter().take(MOST) {
        text.push_str(&snippet(problem, source, &renderer));
        text.push_str("\n\n");
    }
    if problems.len() > MOST {
        let _ = writeln!(text, "{} more are not shown here; `--format json` has all\n", problems.len() - MOST);
    }
    if !has_errors(problems) {
        return text;
    }
    let spans = problems.iter().any(|problem| problem.span().is_some());
    let file = source.filter(|_| spans).map(|source| format!(" in {}", source.name())).unwrap_or_default();
    let noun = if problems.len() == 1 { "problem" } else { "problems" };
    let _ = writeln!(text, "{} {noun}{file}", problems.len());
    text
}

fn snippet(problem: &Problem, source: Option<&SourceFile>, renderer: &Renderer) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    // A message about a whole file starts with it, unless it names it anyway.
    let message = match &problem.place {
        Place::File(path) if !problem.message.contains(path.as_str()) => format!("{path}: {}", problem.message),
        Place::File(_) | Place::Span(_) | Place::Nowhere => problem.message.clone(),
    };
    let title = level.primary_title(visible(&message)).id(problem.code.as_str());
    let help = problem.hint.as_ref().map(|hint| Group::with_title(Level::HELP.secondary_title(visible(hint))));
    match (problem.span(), source) {
        (Some(span), Some(source)) if !source.text().is_empty() => {
            let group = title.element(marked(problem, span, source));
            renderer.render(&std::iter::once(group).chain(help).collect::<Vec<_>>())
        }
        // Without a snippet, the renderer would draw a margin between the two lines.
        _ => {
            let lines = std::iter::once(Group::with_title(title)).chain(help);
            lines.map(|line| renderer.render(&[line])).collect::<Vec<_>>().join("\n")
        }
    }
}

fn marked<'a>(
    problem: &'a Problem,
    span: Span,
    source: &'a SourceFile,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    // Only the lines that are marked: the renderer reads everything that it is given, for each problem again.
    let spans = problem.related.iter().map(|(span, _)| *span).chain([span]).map(|span| range(source, span));
    let all = spans.reduce(|one, two| one.start.min(two.start)..one.end.max(two.end)).unwrap_or_default();
    let (shown, first) = source.lines_of(&all);
    let range = |span| {
        let range = range(source, span);
        range.start - shown.start..range.end - shown.start
    };
    let primary = AnnotationKind::Primary.span(range(span));
    let primary = if problem.label.is_empty() { primary } else { primary.label(visible(&problem.label)) };
    let related =
        problem.related.iter().map(|(span, words)| AnnotationKind::Context.span(range(*span)).label(visible(words)));
    let text = &source.text()[shown.clone()];
    Snippet::source(text).line_start(first).path(source.name()).annotation(primary).annotations(related)
}

/// At least one character, so that there is something to mark, and whole characters only.
fn range(source: &SourceFile, span: Span) -> std::ops::Range<usize> {
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

/// Control characters must not reach a terminal.
fn visible(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn json(problem: &Problem, source: Option<&SourceFile>) -> serde_json::Value {
    let position = |span: Span| {
        source.map(|source| {
            let (line, column) = source.line_column(span.start);
            let (end_line, end_column) = source.line_column(span.end);
            json!({ "line": line, "column": column, "end_line": end_line, "end_column": end_column })
        })
    };
    let file = match &problem.place {
        Place::Nowhere => None,
        Place::File(path) => Some(path.as_str()),
        Place::Span(_) => source.map(SourceFile::name),
    };
    let related: Vec<_> =
        problem.related.iter().map(|(span, words)| json!({ "message": words, "position": position(*span) })).collect();
    json!({
        "code": problem.code.as_str(),
        "severity": problem.severity.as_str(),
        "message": problem.message,
        "hint": problem.hint,
        "file": file,
        "position": problem.span().and_then(position),
        "text": problem.span().zip(source).map(|(span, source)| source.slice(span)),
        "label": problem.label,
        "related": related,
    })
}

/// A workflow command. GitHub decodes `%25`, `%0D` and `%0A`, and in properties `%3A` and `%2C` as well.
fn github(problem: &Problem, source: Option<&SourceFile>) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let place = match (&problem.place, source) {
        (Place::Span(span), Some(source)) => {
            let (line, column) = source.line_column(span.start);
            let (end_line, end_column) = source.line_column(span.end);
            let end = if end_line == line && end_column > column {
                format!(",endColumn={end_column}")
            } else {
                String::new()
            };
            format!("file={},line={line},col={column}{end},", property(source.name()))
        }
        (Place::File(path), _) => format!("file={},", property(path)),
        (Place::Nowhere | Place::Span(_), _) => String::new(),
    };
    let mut message = problem.message.clone();
    if let Some(hint) = &problem.hint {
        message.push_str("\nhelp: ");
        message.push_str(hint);
    }
    format!("::{} {place}title={}::{}\n", problem.severity.as_str(), property(problem.code.as_str()), data(&message))
}
