//! Templates, and the escaping of their formats.

use std::io::{self, Write};

use serde::Serialize;
use tera::{Context, Tera, TeraResult};

/// Renders a page of HTML.
pub(crate) fn html(template: &str, values: &impl Serialize) -> TeraResult<String> {
    render(template, escape_html, values)
}

/// Renders Markdown as GitHub reads it.
pub(crate) fn markdown(template: &str, values: &impl Serialize) -> TeraResult<String> {
    render(template, escape_markdown, values)
}

fn render(template: &str, escape: tera::EscapeFn, values: &impl Serialize) -> TeraResult<String> {
    let mut tera = Tera::new();
    tera.set_escape_fn(escape);
    tera.autoescape_on(vec!["page"]);
    tera.add_raw_templates([("page", template)])?;
    tera.render("page", &Context::from_serialize(values)?)
}

/// Escapes a value for text, and for an attribute in quotes.
fn escape_html(text: &str, out: &mut dyn Write) -> io::Result<()> {
    for character in crate::inert(text).chars() {
        match character {
            '&' => out.write_all(b"&amp;")?,
            '<' => out.write_all(b"&lt;")?,
            '>' => out.write_all(b"&gt;")?,
            '"' => out.write_all(b"&quot;")?,
            '\'' => out.write_all(b"&#39;")?,
            other => write!(out, "{other}")?,
        }
    }
    Ok(())
}

/// Escapes a value for a line or a cell of a table. A backslash before ASCII punctuation makes it text (GFM 0.29, 2.4 and 6.1).
/// What is harmless stays readable: a colon and a dot only make links, of `http://` and `www.`. A mention is found after Markdown
/// was read, so a word joiner comes behind its `@`.
fn escape_markdown(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let text = crate::inert(text);
    for (at, character) in text.char_indices() {
        let is_link = match character {
            ':' => text[at + 1..].starts_with('/'),
            '.' => text[..at].to_ascii_lowercase().ends_with("www"),
            _ => false,
        };
        match character {
            '@' => out.write_all("\\@\u{2060}".as_bytes())?,
            '<' => out.write_all(b"&lt;")?,
            '&' => out.write_all(b"&amp;")?,
            '-' | ',' | ';' | ':' | '.' | '%' | '/' | '(' | ')' | '\'' | '"' if !is_link => write!(out, "{character}")?,
            punctuation if punctuation.is_ascii_punctuation() => write!(out, "\\{punctuation}")?,
            other => write!(out, "{other}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(escape: tera::EscapeFn, text: &str) -> String {
        let mut out = Vec::new();
        escape(text, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hostile_text_is_inert() {
        let hostile =
            "<img src=x onerror='a(1)'> | [x](http://a.example) www.b.example @team `b`\n# \u{202e}\u{1b}[2J & \"";
        assert_eq!(
            escaped(escape_html, hostile),
            "&lt;img src=x onerror=&#39;a(1)&#39;&gt; | [x](http://a.example) www.b.example @team `b`\u{fffd}# \u{fffd}\u{fffd}[2J &amp; &quot;"
        );
        assert_eq!(
            escaped(escape_markdown, hostile),
            "&lt;img src\\=x onerror\\='a(1)'\\> \\| \\[x\\](http\\://a.example) www\\.b.example \\@\u{2060}team \\`b\\`\u{fffd}\\# \u{fffd}\u{fffd}\\[2J &amp; \""
        );
    }
}
