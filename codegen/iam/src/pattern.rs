//! Patterns with `*` and `?`, and the variables in them.

use crate::Request;

/// A piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    Char(char),
    /// `?`: one character.
    One,
    /// `*`: any characters.
    Many,
}

/// The pieces of a pattern without variables.
pub(crate) fn pieces(pattern: &str) -> Vec<Piece> {
    let piece = |letter| match letter {
        '*' => Piece::Many,
        '?' => Piece::One,
        letter => Piece::Char(letter),
    };
    pattern.chars().map(piece).collect()
}

/// Whether a pattern matches the whole text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    matches_pieces(&pieces(pattern), text)
}

/// Takes time in the product of the two lengths at most: it remembers the last `*` only.
pub(crate) fn matches_pieces(pattern: &[Piece], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut from) = (0, 0);
    let mut last: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(Piece::Many) => {
                last = Some((at, from));
                at += 1;
            }
            Some(Piece::One) => (at, from) = (at + 1, from + 1),
            Some(Piece::Char(letter)) if text.get(from) == Some(letter) => (at, from) = (at + 1, from + 1),
            Some(Piece::Char(_)) | None => match last {
                Some((star, taken)) => {
                    last = Some((star, taken + 1));
                    (at, from) = (star + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|piece| *piece == Piece::Many)
}

/// Whether a pattern of `Resource` matches the call's resource.
pub(crate) fn matches_resource(pattern: &str, request: &Request) -> bool {
    filled(pattern, request).is_some_and(|pattern| matches_pieces(&pattern, &request.resource))
}

/// The pieces of a pattern whose variables have the call's values, in which `*` and `?` are ordinary characters; nothing if the
/// call does not have one of them. `${*}`, `${?}` and `${$}` are the characters themselves.
pub(crate) fn filled(pattern: &str, request: &Request) -> Option<Vec<Piece>> {
    let mut found = Vec::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        found.extend(pieces(before));
        let (key, default) = match name.split_once(',') {
            Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
            None => (name, None),
        };
        let value = match key {
            "*" | "?" | "$" => key,
            // A variable is one value.
            key => match request.values(key) {
                Some([value]) => value.as_str(),
                _ => default?,
            },
        };
        found.extend(value.chars().map(Piece::Char));
        rest = after;
    }
    found.extend(pieces(rest));
    Some(found)
}
