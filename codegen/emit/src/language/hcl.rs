//! HCL, as Terraform and Packer read it.

use std::io::{self, Write};

use super::text::is_hidden;

/// Escapes a value for the inside of a quoted string.
///
/// `terraform console` confirms each: backslash, quote and line ends are escaped by a backslash; `${` and `%{` would start a
/// template, so their first character is doubled. Characters that a reviewer cannot see, such as those that change the
/// direction of writing, are written by their number: the value is the same, and the diff shows it.
pub(crate) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    // Most values are plain, and fleets have many.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'\\' | b'"' | b'$' | b'%')) {
        return out.write_all(text.as_bytes());
    }
    let mut plain = 0;
    for (at, character) in text.char_indices() {
        let after = at + character.len_utf8();
        let quoted = match character {
            '\\' => "\\\\".to_owned(),
            '"' => "\\\"".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            '$' | '%' if text[after..].starts_with('{') => format!("{character}{character}"),
            hidden if is_hidden(hidden) && u32::from(hidden) <= 0xFFFF => format!("\\u{:04X}", u32::from(hidden)),
            hidden if is_hidden(hidden) => format!("\\U{:08X}", u32::from(hidden)),
            _ => continue,
        };
        out.write_all(&text.as_bytes()[plain..at])?;
        out.write_all(quoted.as_bytes())?;
        plain = after;
    }
    out.write_all(&text.as_bytes()[plain..])
}

/// Aligns `=` as `terraform fmt` does: in each run of lines that are a whole attribute.
///
/// A line belongs to a run if what follows its `=` closes every bracket that it opens (hclwrite, format.go). Rendered files
/// have no heredocs and no comments after attributes, so each line can be judged alone.
pub(crate) fn align(text: &str) -> String {
    let mut aligned = String::with_capacity(text.len() + text.len() / 8);
    let mut run: Vec<(&str, &str)> = Vec::new();
    for line in text.lines() {
        if let Some(attribute) = attribute(line) {
            run.push(attribute);
            continue;
        }
        flush(&mut run, &mut aligned);
        aligned.push_str(line.trim_ascii_end());
        aligned.push('\n');
    }
    flush(&mut run, &mut aligned);
    aligned
}

fn flush(run: &mut Vec<(&str, &str)>, aligned: &mut String) {
    let count = |key: &str| if key.is_ascii() { key.len() } else { key.chars().count() };
    let width = run.iter().map(|(key, _)| count(key)).max().unwrap_or(0);
    for (key, value) in run.drain(..) {
        aligned.push_str(key);
        aligned.extend(std::iter::repeat_n(' ', width - count(key) + 1));
        aligned.push_str("= ");
        aligned.push_str(value);
        aligned.push('\n');
    }
}

/// The key, with its indentation, and the value of a line that is a whole attribute.
fn attribute(line: &str) -> Option<(&str, &str)> {
    let start = line.len() - line.trim_ascii_start().len();
    let key_end = if line[start..].starts_with('"') {
        start + 1 + string_end(&line[start + 1..])?
    } else {
        start + line[start..].bytes().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')))?
    };
    let value = line[key_end..].trim_ascii_start().strip_prefix('=')?;
    if key_end == start || value.starts_with('=') {
        return None;
    }
    let value = value.trim_ascii();
    (net_brackets(value) == 0).then_some((&line[..key_end], value))
}

/// The byte after the quote that ends a string; the string's opening quote is not part of `text`.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn net_brackets(value: &str) -> i32 {
    let mut net = 0;
    let mut rest = value;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'(' | b'[' | b'{' | b')' | b']' | b'}')) {
        let after = &rest[at + 1..];
        match rest.as_bytes()[at] {
            b'"' => {
                let Some(end) = string_end(after) else { return net };
                rest = &after[end..];
                continue;
            }
            b'(' | b'[' | b'{' => net += 1,
            _ => net -= 1,
        }
        rest = after;
    }
    net
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        escape(text, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_would_start_something_is_escaped() {
        for (plain, quoted) in [
            ("plain é 日本", "plain é 日本"),
            ("a\"b\\c", "a\\\"b\\\\c"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("${x} $x $${x} %{if}", "$${x} $x $$${x} %%{if}"),
            ("\u{202e}\u{200b}\u{feff}\u{e0001}\u{7f}", "\\u202E\\u200B\\uFEFF\\U000E0001\\u007F"),
        ] {
            assert_eq!(escaped(plain), quoted);
        }
    }

    #[test]
    fn runs_of_whole_attributes_are_aligned() {
        let text = "a = 1\nbcd   = \"x = {\"\n\"k=\\\"\" = [1, 2]\nlist = [\n  x = 1,\n]\n\nlonger = {}\nb = f(1)\nblock {\n}\n# c = 1\nd == e\n";
        let expected = "a      = 1\nbcd    = \"x = {\"\n\"k=\\\"\" = [1, 2]\nlist = [\n  x = 1,\n]\n\nlonger = {}\nb      = f(1)\nblock {\n}\n# c = 1\nd == e\n";
        assert_eq!(align(text), expected);
        assert_eq!(align(expected), expected);
    }
}
