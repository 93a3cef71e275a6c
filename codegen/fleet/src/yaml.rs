//! Text to a tree that knows where each value is.
//!
//! granit-parser, the parser inside serde-saphyr, gives the events of YAML 1.2 with their byte ranges; this module builds
//! the tree from them directly. So positions cost nothing, and duplicate keys, merge keys and limits are reported together,
//! each where it is.

use std::borrow::Cow;
use std::collections::HashMap;

use fleetgen_problem::{Code, Problem, SourceFile, Span};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, StrInput, Tag};

/// A value and where it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node<'s> {
    /// Empty for a block mapping or list, which begins where its first entry does.
    pub(crate) span: Span,
    pub(crate) value: Value<'s>,
}

/// The values of YAML's core schema.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'s> {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String(Cow<'s, str>),
    List(Vec<Node<'s>>),
    /// Keys in the order of the file, each once.
    Map(Vec<(Key<'s>, Node<'s>)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key<'s> {
    pub(crate) span: Span,
    pub(crate) name: Cow<'s, str>,
}

/// Limits far above any real fleet (10,000 groups are about 200,000 values) and far below what hurts.
const MAX_DEPTH: usize = 32;
const MAX_VALUES: usize = 4_000_000;
const MAX_REPEATED: usize = 100_000;

/// Mappings up to this size are searched without an index. Most are small; a few hold thousands of groups.
const SMALL: usize = 16;

/// Reads one document. Problems that leave a tree (duplicate keys, merge keys) go to `problems` as well as the one that
/// ends the reading, which leaves none.
pub(crate) fn parse<'s>(source: &'s SourceFile, problems: &mut Vec<Problem>) -> Option<Node<'s>> {
    let options = granit_parser::options! { emit_comments: false };
    let mut reader = Reader {
        source,
        parser: Parser::new_from_str_with_options(source.text(), options),
        anchors: HashMap::new(),
        values: 0,
        repeated: 0,
        problems,
    };
    match reader.document() {
        Ok(Some(node)) if node.value != Value::Null => Some(node),
        Ok(_) => {
            problems.push(
                Problem::new(Code::Unreadable, Span::default(), "the file is empty")
                    .hint("`fleetgen init` writes one to start from; docs/fleet-yaml.md describes every key"),
            );
            None
        }
        Err(problem) => {
            problems.push(*problem);
            None
        }
    }
}

type Read<T> = Result<T, Box<Problem>>;

struct Reader<'s, 'p> {
    source: &'s SourceFile,
    parser: Parser<'s, StrInput<'s>>,
    /// Anchored values by the parser's number for the anchor, with the number of values in each.
    anchors: HashMap<usize, (Node<'s>, usize)>,
    /// How many values were read.
    values: usize,
    /// How many values aliases have repeated.
    repeated: usize,
    problems: &'p mut Vec<Problem>,
}

impl<'s> Reader<'s, '_> {
    /// The file's one document; nothing if there is none.
    fn document(&mut self) -> Read<Option<Node<'s>>> {
        let mut root = None;
        loop {
            let (event, _) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::DocumentStart(..) if root.is_some() => {
                    // The marker itself may be implicit; what follows is what has to go.
                    let (_, span) = self.next()?;
                    let at = self.source.character_at(span.start as usize);
                    return Err(Box::new(
                        Problem::new(Code::Yaml, at, "the file holds more than one document")
                            .hint("remove the `---` line: fleet.yaml is one document"),
                    ));
                }
                Event::DocumentStart(..) => {
                    let (event, span) = self.next()?;
                    root = Some(self.node(event, span, 1)?);
                }
                // The start of the stream, and the end of a document.
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Read<(Event<'s>, Span)> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let offset = |marker: granit_parser::Marker| {
                    u32::try_from(marker.byte_offset().unwrap_or(0)).unwrap_or(u32::MAX)
                };
                Ok((event, Span { start: offset(span.start), end: offset(span.end) }))
            }
            Some(Err(error)) => Err(Box::new(explain(self.source, &error))),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The value that an event starts.
    fn node(&mut self, event: Event<'s>, span: Span, depth: usize) -> Read<Node<'s>> {
        self.values += 1;
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return self.beyond(span, &format!("more than {MAX_DEPTH} levels or {MAX_VALUES} values"));
        }
        let before = self.values;
        let (anchor, value) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => (anchor, Self::scalar(text, style, tag.as_deref(), span)?),
            Event::SequenceStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), span)?;
                (anchor, Value::List(self.list(depth)?))
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), span)?;
                (anchor, Value::Map(self.map(depth)?))
            }
            _ => return Err(Box::new(Problem::new(Code::Yaml, span, "this is not YAML: a value is missing"))),
        };
        let node = Node { span, value };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.values - before + 1));
        }
        Ok(node)
    }

    /// A copy of an anchored value. It is reported at the alias, which is what the user would edit.
    fn alias(&mut self, anchor: usize, span: Span) -> Read<Node<'s>> {
        let Some((node, size)) = self.anchors.get(&anchor).map(|(node, size)| (node, *size)) else {
            return Err(Box::new(
                Problem::new(Code::Yaml, span, "this alias is inside the value that it repeats")
                    .hint("remove the alias (`*name`)"),
            ));
        };
        // Counted before they are copied, and as part of the value around the alias.
        self.repeated += size;
        self.values += size;
        if self.repeated > MAX_REPEATED {
            return self.beyond(span, &format!("aliases repeat more than {MAX_REPEATED} values"));
        }
        Ok(Node { span, value: node.value.clone() })
    }

    fn beyond<T>(&self, span: Span, limit: &str) -> Read<T> {
        let at = self.source.character_at(span.start as usize);
        Err(Box::new(
            Problem::new(Code::Yaml, at, format!("the file is larger or deeper than any fleet: {limit}"))
                .hint("use profiles instead of aliases (`*name`) of aliases"),
        ))
    }

    fn list(&mut self, depth: usize) -> Read<Vec<Node<'s>>> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(items);
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Read<Vec<(Key<'s>, Node<'s>)>> {
        let mut entries: Vec<(Key<'s>, Node<'s>)> = Vec::new();
        let mut index: HashMap<Cow<'s, str>, Span> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(entries);
            }
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            let Some(key) = self.key(key) else { continue };
            if entries.len() == SMALL {
                index.extend(entries.iter().map(|(key, _)| (key.name.clone(), key.span)));
            }
            let first = if entries.len() < SMALL {
                entries.iter().find(|(known, _)| known.name == key.name).map(|(known, _)| known.span)
            } else {
                index.insert(key.name.clone(), key.span)
            };
            match first {
                None => entries.push((key, value)),
                Some(first) => self.problems.push(
                    Problem::new(Code::DuplicateKey, key.span, format!("duplicate key `{}`", key.name))
                        .label("the second one")
                        .related(first, "the first one")
                        .hint("rename or remove one of the two"),
                ),
            }
        }
    }

    /// The key that a node is; nothing for one that cannot be used, which is then reported.
    fn key(&mut self, node: Node<'s>) -> Option<Key<'s>> {
        let name = match node.value {
            Value::String(name) => name,
            Value::Integer(number) => number.to_string().into(),
            Value::Null | Value::Bool(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => {
                self.problems.push(
                    Problem::new(Code::WrongType, node.span, "a key must be a string")
                        .label("not a string")
                        .hint("put the key in quotes"),
                );
                return None;
            }
        };
        if name == "<<" {
            self.problems.push(
                Problem::new(Code::MergeKey, node.span, "fleet.yaml does not support merge keys (`<<`)")
                    .hint("write the shared settings as a profile and name it with `profile:`"),
            );
            return None;
        }
        Some(Key { span: node.span, name })
    }

    fn scalar(text: Cow<'s, str>, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Read<Value<'s>> {
        match tag {
            Some(tag) if tag.core_suffix() == Some("str") => Ok(Value::String(text)),
            Some(_) => refuse_tag(tag, span).map(|()| Value::Null),
            None if style == ScalarStyle::Plain => Ok(plain(text)),
            None => Ok(Value::String(text)),
        }
    }
}

fn refuse_tag(tag: Option<&Tag>, span: Span) -> Read<()> {
    match tag {
        None => Ok(()),
        Some(tag) => Err(Box::new(
            Problem::new(Code::Yaml, span, format!("fleet.yaml does not support the tag `{}`", tag.original()))
                .hint("remove the tag"),
        )),
    }
}

/// A plain scalar by the core schema of YAML 1.2. `yes`, `no`, `on` and `off` are strings.
fn plain(text: Cow<'_, str>) -> Value<'_> {
    match text.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let first = text.as_bytes()[0];
    if !(first.is_ascii_digit() || b"+-.".contains(&first)) {
        return Value::String(text);
    }
    let radix = |prefix: &str, radix| text.strip_prefix(prefix).map(|digits| i64::from_str_radix(digits, radix));
    if let Some(Ok(number)) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Value::Integer(number);
    }
    match (text.parse(), is_float(&text)) {
        (Ok(number), _) => Value::Integer(number),
        (Err(_), true) => Value::Float(text.parse().unwrap_or(f64::INFINITY)),
        (Err(_), false) => Value::String(text),
    }
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, and the infinities.
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// A parser's error in the words of somebody who edits fleet.yaml.
fn explain(source: &SourceFile, error: &granit_parser::ScanError) -> Problem {
    let at = source.character_at(error.marker().byte_offset().unwrap_or(0));
    let text = error.info();
    let (message, hint) = match error.kind() {
        ErrorKind::UnknownAnchor => (
            "this alias names an anchor that does not exist".to_owned(),
            "define the anchor (`&name`) before the alias, or put the value in quotes",
        ),
        ErrorKind::RecursionLimitExceeded => (
            format!("the file is larger or deeper than any fleet: more than {MAX_DEPTH} levels"),
            "remove levels of brackets",
        ),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => (format!("this is not YAML: {text}"), "indent with spaces, not with tabs"),
        _ => (
            format!("this is not YAML: {text}"),
            "check the indentation, quotes and brackets of this line and of the lines above",
        ),
    };
    Problem::new(Code::Yaml, at, message).hint(hint)
}

#[cfg(test)]
mod tests;
