//! Squid's configuration: a value is a word, or the rest of a comment.

use std::io::{self, Write};

use super::text;

/// Keeps a value on its line: control characters and hidden ones become spaces, and a backslash, which joins lines, a slash.
pub(crate) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let kept = text.replace(|character: char| character.is_control() || text::is_hidden(character), " ");
    out.write_all(kept.replace('\\', "/").as_bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_value_stays_on_its_line() {
        let mut out = Vec::new();
        super::escape("Docker's packages\nhttp_access allow all\\", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "Docker's packages http_access allow all/");
    }
}
