//! Unit files of systemd.

use std::io::{self, Write};

use super::text::is_hidden;

/// Escapes a value for the inside of double quotes, or for the rest of a line, as systemd.syntax(7) describes: a backslash
/// before backslash and quote, `\n` and `\t`, and `%` doubled, since it would be a specifier. Every other hidden character is
/// written by its number: a reviewer could not see it, and systemd also ends a line at a carriage return. In a command, `$`
/// must be doubled too; see [`argument`].
pub(crate) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    for character in text.chars() {
        match character {
            '\\' => out.write_all(b"\\\\")?,
            '"' => out.write_all(b"\\\"")?,
            '\n' => out.write_all(b"\\n")?,
            '\t' => out.write_all(b"\\t")?,
            '%' => out.write_all(b"%%")?,
            hidden if is_hidden(hidden) && u32::from(hidden) > 0xFFFF => write!(out, "\\U{:08x}", u32::from(hidden))?,
            hidden if is_hidden(hidden) => write!(out, "\\u{:04x}", u32::from(hidden))?,
            _ => write!(out, "{character}")?,
        }
    }
    Ok(())
}

/// Escapes a word of a command before [`escape`] does: `$` would be a variable, even inside quotes.
pub(crate) fn argument(text: &str) -> String {
    text.replace('$', "$$")
}

#[cfg(test)]
mod tests {
    #[test]
    fn specifiers_quotes_and_line_ends_are_inert() {
        let mut out = Vec::new();
        super::escape("a \"b\" %h \\ \n[Service]\r[Install]", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a \\\"b\\\" %%h \\\\ \\n[Service]\\u000d[Install]");
        assert_eq!(super::argument("$HOME ${x}"), "$$HOME $${x}");
    }
}
