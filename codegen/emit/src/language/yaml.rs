//! YAML, as Goss and Trivy read it.

use std::io::{self, Write};

use super::text::is_hidden;

/// Escapes a value for the inside of double quotes.
///
/// Goss runs a file through Go's templates before it reads the YAML. So a brace is written by its number: the template sees no
/// `{{`, and YAML reads the brace that was meant. So are hidden characters, which a reviewer could not see.
pub(crate) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    for character in text.chars() {
        match character {
            '\\' => out.write_all(b"\\\\")?,
            '"' => out.write_all(b"\\\"")?,
            '\n' => out.write_all(b"\\n")?,
            '\t' => out.write_all(b"\\t")?,
            '{' | '}' => write!(out, "\\u{:04X}", u32::from(character))?,
            hidden if is_hidden(hidden) && u32::from(hidden) > 0xFFFF => write!(out, "\\U{:08X}", u32::from(hidden))?,
            hidden if is_hidden(hidden) => write!(out, "\\u{:04X}", u32::from(hidden))?,
            _ => write!(out, "{character}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn templates_and_quotes_are_inert() {
        let mut out = Vec::new();
        super::escape("{{ .Env.X }} \"é\" \\ \n\u{202e}", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "\\u007B\\u007B .Env.X \\u007D\\u007D \\\"é\\\" \\\\ \\n\\u202E");
    }
}
