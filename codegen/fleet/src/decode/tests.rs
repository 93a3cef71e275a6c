//! One table of how trees are stacked and what `null` does, and one of what is reported.

use fleetgen_problem::{Problem, SourceFile};
use serde::Deserialize;

use super::{Missing, decode};
use crate::field::{Entries, Field};
use crate::origin::{Origin, Origins};
use crate::scalar::Word;
use crate::yaml::{self, Value};

#[derive(Debug, Deserialize)]
struct Outer {
    name: Field<String>,
    size: Option<Field<Inner>>,
    words: Option<Field<Vec<Field<Word>>>>,
    tags: Option<Field<Entries<Word, String>>>,
}

#[derive(Debug, Deserialize)]
struct Inner {
    min: Field<u32>,
    max: Option<Field<u32>>,
}

/// Decodes a stack: a list of mappings, nearest first.
fn read(text: &str, missing: Missing) -> (Option<Outer>, Origins, Vec<Problem>) {
    let source = SourceFile::from_bytes("fleet.yaml", text.as_bytes().to_vec()).unwrap();
    let mut problems = Vec::new();
    let root = yaml::parse(&source, &mut problems).unwrap();
    let Value::List(stack) = &root.value else { panic!("{root:?}") };
    let stack: Vec<_> = stack.iter().collect();
    let mut origins = Origins::default();
    let outer = decode(&stack, root.span, missing, Some(&mut origins), &mut problems);
    (outer, origins, problems)
}

/// What a stack decodes to, in a short form.
fn shown(text: &str) -> String {
    let (outer, _, problems) = read(text, Missing::Report);
    assert_eq!(problems, [], "{text}");
    let outer = outer.unwrap();
    let size = outer.size.map(|size| size.value.unwrap());
    let size = size.map(|size| (size.min.value.unwrap(), size.max.map(|max| max.value.unwrap())));
    let words = outer.words.map(|words| crate::field::list(Some(&words)));
    let words = words.map(|words| words.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    let tags = outer.tags.map(|tags| {
        let tags = tags.value.unwrap();
        tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    });
    let none = || "-".to_owned();
    format!(
        "{} {} [{}] {{{}}}",
        outer.name.value.unwrap(),
        size.map_or_else(none, |(min, max)| format!("{min}..{}", max.map_or_else(none, |max| max.to_string()))),
        words.unwrap_or_else(none),
        tags.unwrap_or_else(none)
    )
}

#[test]
fn nearer_trees_win_key_by_key() {
    for (stack, expected) in [
        ("[{name: a}]", "a - [-] {-}"),
        // A value of the nearest tree wins.
        ("[{name: a}, {name: b}]", "a - [-] {-}"),
        ("[{}, {name: b}]", "b - [-] {-}"),
        // Mappings are merged key by key.
        ("[{name: a, size: {max: 5}}, {size: {min: 1, max: 3}}]", "a 1..5 [-] {-}"),
        ("[{name: a}, {size: {max: 3}}, {size: {min: 2}}]", "a 2..3 [-] {-}"),
        // Lists are replaced as a whole.
        ("[{name: a, words: [x]}, {words: [y, z]}]", "a - [x] {-}"),
        ("[{name: a, words: []}, {words: [y, z]}]", "a - [] {-}"),
        // The user's own keys are merged as well.
        ("[{name: a, tags: {k: '1'}}, {tags: {k: '2', l: '3'}}]", "a - [-] {k=1 l=3}"),
        // `null` removes what was inherited, and is the same as leaving the key out.
        ("[{name: a, size: null}, {size: {min: 1}}]", "a - [-] {-}"),
        ("[{name: a, size: {max: null}}, {size: {min: 1, max: 3}}]", "a 1..- [-] {-}"),
        ("[{name: a, words: ~}, {words: [y]}]", "a - [-] {-}"),
        ("[{name: a, tags: {k: null}}, {tags: {k: '2', l: '3'}}]", "a - [-] {l=3}"),
        ("[{name: a, tags: null}, {tags: {k: '2'}}]", "a - [-] {-}"),
        // A value that is no mapping hides the mappings behind it.
        ("[{name: a}, {size: null}, {size: {min: 1}}]", "a - [-] {-}"),
    ] {
        assert_eq!(shown(stack), expected, "{stack}");
    }
}

#[test]
fn every_problem_is_reported() {
    for (stack, missing, expected) in [
        ("[{}]", Missing::Report, vec!["missing key `name`"]),
        ("[{size: {}}]", Missing::ReportInGroup, vec!["missing key `name`", "missing key `size.min`"]),
        // `null` does not set a required key of a group.
        ("[{name: null}, {name: b}]", Missing::ReportInGroup, vec!["missing key `name`"]),
        ("[{size: {}}]", Missing::Ignore, vec![]),
        // A misspelt key is not missing as well.
        ("[{nme: a}]", Missing::Report, vec!["unknown key `nme`"]),
        ("[{name: a, other: 1}]", Missing::Report, vec!["unknown key `other`"]),
        (
            "[{name: 1, size: {min: x, max: -1}, words: [ok, 2, 'a b']}]",
            Missing::Report,
            vec![
                "expected a string, found a number",
                "expected a whole number, found a string",
                "-1 is not a whole number from 0 to 4294967295",
                "expected a string, found a number",
                "`a b` is not a word",
            ],
        ),
        ("[1]", Missing::Report, vec!["expected a mapping, found a number"]),
    ] {
        let (_, _, problems) = read(stack, missing);
        let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages, expected, "{stack}");
    }
}

#[test]
fn origins_have_the_real_paths() {
    let stack = "[{name: a, words: [x, y], tags: {k: '1'}}, {size: {min: 1}, tags: {l: '2'}}]";
    let (_, origins, _) = read(stack, Missing::Report);
    let depth = |path: &str| match origins.get(path) {
        Origin::Set { depth, .. } => Some(depth),
        Origin::Fleet { .. } | Origin::Environment { .. } | Origin::Default => None,
    };
    for (path, expected) in [
        ("name", Some(0)),
        ("size.min", Some(1)),
        ("size.max", None),
        ("words", Some(0)),
        ("words[1]", Some(0)),
        ("tags.k", Some(0)),
        ("tags.l", Some(1)),
        ("tags.m", None),
    ] {
        assert_eq!(depth(path), expected, "{path}");
    }
}
