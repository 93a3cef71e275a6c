//! The text of fleet.yaml and positions in it. A position is a range of bytes; line and column are computed only when a
//! problem is printed.

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

    /// The text of a range; empty if the range is not in this file.
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

    /// The range of one character, to point at something that has no extent.
    pub fn character_at(&self, byte: usize) -> Span {
        let start = self.text.floor_char_boundary(byte.min(self.text.len()));
        let length = self.text[start..].chars().next().map_or(0, char::len_utf8);
        let offset = |byte| u32::try_from(byte).unwrap_or(u32::MAX);
        Span { start: offset(start), end: offset(start + length) }
    }
}
