//! Bash.

use std::io::{self, Write};

/// Escapes a value for the inside of single quotes, where bash takes every character literally except the quote. Control
/// characters other than newline and tab become spaces: a terminal would act on them in a log.
pub(crate) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    for character in text.chars() {
        match character {
            '\'' => out.write_all(br"'\''")?,
            '\n' | '\t' => write!(out, "{character}")?,
            hidden if hidden.is_control() => out.write_all(b" ")?,
            _ => write!(out, "{character}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_quote_is_closed_escaped_and_opened() {
        let mut out = Vec::new();
        super::escape("a'b$(c)`d`\n\"e\"\\\r", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a'\\''b$(c)`d`\n\"e\"\\ ");
    }
}
