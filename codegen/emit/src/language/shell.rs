//! Bash.

use std::io::{self, Write};

/// Quotes a value for the inside of single quotes, in which bash takes every character for itself but the quote.
pub(crate) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(text.replace('\'', r"'\''").as_bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_quote_is_closed_escaped_and_opened() {
        let mut out = Vec::new();
        super::escape("a'b$(c)`d`\n\"e\"\\", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a'\\''b$(c)`d`\n\"e\"\\");
    }
}
