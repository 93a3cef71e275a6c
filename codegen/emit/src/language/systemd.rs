//! Unit files of systemd.

use std::io::{self, Write};

/// Quotes a value for the inside of double quotes, or for the end of a line.
///
/// As systemd.syntax(7) says: backslash and quote by a backslash, line ends as `\n`, and `%`, which would be a specifier,
/// doubled. In a command, `$` must be doubled too; see [`argument`].
pub(crate) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    for character in text.chars() {
        match character {
            '\\' => out.write_all(b"\\\\")?,
            '"' => out.write_all(b"\\\"")?,
            '\n' => out.write_all(b"\\n")?,
            '\t' => out.write_all(b"\\t")?,
            '%' => out.write_all(b"%%")?,
            _ => write!(out, "{character}")?,
        }
    }
    Ok(())
}

/// A word of a command before [`escape`]: `$` would be a variable, also inside quotes.
pub(crate) fn argument(text: &str) -> String {
    text.replace('$', "$$")
}

#[cfg(test)]
mod tests {
    #[test]
    fn specifiers_quotes_and_line_ends_are_inert() {
        let mut out = Vec::new();
        super::escape("a \"b\" %h \\ \n[Service]", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a \\\"b\\\" %%h \\\\ \\n[Service]");
        assert_eq!(super::argument("$HOME ${x}"), "$$HOME $${x}");
    }
}
