//! The text of fleet.yaml and positions in it. A position is a range of bytes; line and column are computed only when a
//! problem is printed.

use std::ops::Range;
use std::sync::OnceLock;

/// A range of bytes in the text of a [`SourceFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte; never less than `start`.
    pub end: u32,
}

/// A file that was read: its name as the user gave it, and its text without a byte order mark.
#[derive(Debug, Clone)]
pub struct SourceFile {
    name: String,
    text: String,
    /// Where each line begins, computed when first needed: there may be thousands of problems.
    lines: OnceLock<Vec<u32>>,
}

/// Why bytes cannot be read as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// The file is larger than [`SourceFile::MAX_BYTES`]; its size in bytes.
    TooLarge(usize),
    /// The file is not UTF-8; the offset of the first invalid byte.
    NotUtf8(usize),
}

impl SourceFile {
    /// The largest file that is read: 16 MiB. A fleet of 10,000 groups is about 2 MiB.
    pub const MAX_BYTES: usize = 16 << 20;

    /// Takes the bytes of a file and drops a byte order mark.
    ///
    /// # Errors
    /// The file is too large, or not UTF-8.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, Unreadable> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(Unreadable::TooLarge(bytes.len()));
        }
        let text = String::from_utf8(bytes).map_err(|error| Unreadable::NotUtf8(error.utf8_error().valid_up_to()))?;
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        Ok(Self { name: name.into(), text, lines: OnceLock::new() })
    }

    /// The file's name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a range; empty if the range is not in this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn line_column(&self, byte: u32) -> (usize, usize) {
        let end = if self.text.is_char_boundary(byte as usize) { byte as usize } else { self.text.len() };
        let lines = self.lines();
        let line = lines.partition_point(|start| *start as usize <= end);
        (line, self.text[lines[line - 1] as usize..end].chars().count() + 1)
    }

    /// The lines that have these bytes, whole: their range, and the number of the first, from 1.
    pub(crate) fn lines_of(&self, bytes: &Range<usize>) -> (Range<usize>, usize) {
        let lines = self.lines();
        let line_of = |byte: usize| lines.partition_point(|start| *start as usize <= byte).max(1);
        let first = line_of(bytes.start);
        let end = lines.get(line_of(bytes.end)).map_or(self.text.len(), |start| *start as usize);
        (lines[first - 1] as usize..end, first)
    }

    /// Where each line begins. There is at least one.
    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let after = self.text.match_indices('\n').map(|(newline, _)| newline + 1);
            std::iter::once(0).chain(after).filter_map(|start| u32::try_from(start).ok()).collect()
        })
    }

    /// The range of one character, to point at something that has no extent.
    pub fn character_at(&self, byte: usize) -> Span {
        let start = self.text.floor_char_boundary(byte.min(self.text.len()));
        let length = self.text[start..].chars().next().map_or(0, char::len_utf8);
        let offset = |byte| u32::try_from(byte).unwrap_or(u32::MAX);
        Span { start: offset(start), end: offset(start + length) }
    }
}
