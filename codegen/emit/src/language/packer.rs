//! HCL, as Packer reads it: plugins run strings through Go's templates afterwards.

use std::io::{self, Write};

use super::hcl;

/// Escapes a value for the inside of a quoted string. What would start a Go template is written as a template that prints it.
pub(crate) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    hcl::escape(&text.replace("{{", "{{`{{`}}"), out)
}

#[cfg(test)]
mod tests {
    #[test]
    fn go_templates_are_inert() {
        let mut out = Vec::new();
        super::escape("{{ user `x` }} ${y} \"", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "{{`{{`}} user `x` }} $${y} \\\"");
    }
}
