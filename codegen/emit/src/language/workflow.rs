//! YAML, as GitHub Actions reads it.

use std::io::{self, Write};

use super::text::is_hidden;

/// Escapes a value for a plain scalar, or for the inside of double quotes.
///
/// GitHub evaluates `${{ … }}` after it has read the YAML, wherever it is. So a dollar before a brace is written as an expression that
/// gives a dollar. What could end a plain scalar, or is hidden, does not occur in names, and is left out.
pub(crate) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    for (at, character) in text.char_indices() {
        match character {
            '$' if text[at + 1..].starts_with('{') => out.write_all(b"${{ '$' }}")?,
            '"' | '\\' | '#' | '\n' | '\r' | '\t' => out.write_all(b" ")?,
            hidden if is_hidden(hidden) => out.write_all(b" ")?,
            _ => write!(out, "{character}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn expressions_and_comments_are_inert() {
        let mut out = Vec::new();
        super::escape("${{ secrets.X }} \"#\\ a\nb $x", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "${{ '$' }}{{ secrets.X }}     a b $x");
    }
}
