//! The text of fleet.yaml and places in it. A place is a range of bytes; line and column are worked out only when
//! somebody is told about it.

/// A range of bytes in the text of a [`Source`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte; never before `start`.
    pub end: u32,
}

/// A file that was read: its name as the user gave it, and its text without a byte order mark.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: String,
}

/// Why bytes are not a text that can be read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// The file is larger than [`Source::MAX_BYTES`].
    TooLarge(usize),
    /// The file is not UTF-8; the position of the first offending byte.
    NotUtf8(usize),
}

impl Source {
    /// The largest file that is read: 16 MiB. A fleet of 10,000 groups is about 2 MiB.
    pub const MAX_BYTES: usize = 16 << 20;

    /// Takes the bytes of a file. A byte order mark is dropped.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, Unreadable> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(Unreadable::TooLarge(bytes.len()));
        }
        let text = String::from_utf8(bytes).map_err(|error| Unreadable::NotUtf8(error.utf8_error().valid_up_to()))?;
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        Ok(Self { name: name.into(), text })
    }

    /// The file's name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text at a place; empty where the place is not in this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn line_column(&self, byte: u32) -> (usize, usize) {
        let before = self.text.get(..byte as usize).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }

    /// The byte at a line and column, both from 1.
    pub(crate) fn byte_at(&self, line: usize, column: usize) -> u32 {
        let start: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let within: usize = self.text[start..].chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
        u32::try_from(start + within).unwrap_or(u32::MAX)
    }
}
