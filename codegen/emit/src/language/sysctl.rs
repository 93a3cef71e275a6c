//! Files of sysctl.d: a value is the rest of its line.

use std::io::{self, Write};

/// Keeps a value on its line: control characters become spaces.
pub(crate) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(text.replace(|character: char| character.is_control(), " ").as_bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_value_stays_on_its_line() {
        let mut out = Vec::new();
        super::escape("|/usr/bin/x %p\nkernel.panic = 1", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "|/usr/bin/x %p kernel.panic = 1");
    }
}
