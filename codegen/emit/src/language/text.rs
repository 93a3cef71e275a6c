//! Characters that a reviewer cannot see.

use std::sync::LazyLock;

use regex::Regex;

/// Whether a character is invisible: a control or format character, a line or paragraph separator, a variation selector, or
/// one of the letters that are blank (Hangul fillers).
pub(crate) fn is_hidden(character: char) -> bool {
    static HIDDEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Variation_Selector}\x{34F}\x{115F}\x{1160}\x{3164}\x{FFA0}\x{E0000}-\x{E0FFF}]").ok()
    });
    if (' '..='~').contains(&character) {
        return false;
    }
    // Without the pattern every character would have to be suspected.
    HIDDEN.as_ref().is_none_or(|hidden| hidden.is_match(character.encode_utf8(&mut [0; 4])))
}

#[cfg(test)]
mod tests {
    use super::is_hidden;

    #[test]
    fn only_the_invisible_is_hidden() {
        for character in "\u{0}\t\r\u{7f}\u{85}\u{ad}\u{200b}\u{202e}\u{2028}\u{fe0f}\u{feff}\u{3164}\u{e0041}".chars()
        {
            assert!(is_hidden(character), "{character:?}");
        }
        for character in "aé日 ~\u{1f600}".chars() {
            assert!(!is_hidden(character), "{character:?}");
        }
    }
}
