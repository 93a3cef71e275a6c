//! The list of our files, each with its SHA-256, in the format of `sha256sum`, so that `sha256sum -c` can check it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::path::RelPath;

/// A SHA-256 digest.
pub(crate) type Hash = [u8; 32];

/// Files, each with the digests that it may have: one in a manifest, one per interrupted run in a pending one.
pub(crate) type Listed = BTreeMap<RelPath, Vec<Hash>>;

/// Where the manifest is.
pub(crate) const MANIFEST: &str = "generated/MANIFEST";
/// Where the list of what is about to be written is.
pub(crate) const PENDING: &str = "generated/MANIFEST.pending";

/// The digest of a file's bytes.
pub(crate) fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// A line that does not belong in a manifest, by its number from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged(pub(crate) usize);

/// The text of a manifest.
pub(crate) fn write(files: &Listed) -> String {
    let lines = files.iter().flat_map(|(path, hashes)| hashes.iter().map(move |hash| (path, hash)));
    lines.fold(String::new(), |mut text, (path, hash)| {
        let _ = writeln!(text, "{}  {path}", hex::encode(hash));
        text
    })
}

/// Reads a manifest. Its paths are not trusted.
pub(crate) fn read(text: &str) -> Result<Listed, Damaged> {
    let entry = |line: &str| {
        let (digits, path) = line.split_once("  ")?;
        let mut hash = [0; 32];
        hex::decode_to_slice(digits, &mut hash).ok()?;
        Some((RelPath::parse(path)?, hash))
    };
    let mut listed = Listed::new();
    for (index, line) in text.lines().enumerate() {
        let (path, hash) = entry(line).ok_or(Damaged(index + 1))?;
        listed.entry(path).or_default().push(hash);
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let path = RelPath::parse("generated/a.tf").unwrap();
        let listed = Listed::from([(path.clone(), vec![hash(b"x")])]);
        let text = write(&listed);
        assert_eq!(text, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881  generated/a.tf\n");
        assert_eq!(read(&text), Ok(listed));
    }

    #[test]
    fn a_damaged_line_is_reported() {
        let good = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881  generated/a.tf\n";
        for bad in
            ["<<<<<<< HEAD", "2d71  generated/a.tf", &good.replace("generated/a.tf", "../a"), &good.replace('2', "é")]
        {
            assert_eq!(read(&format!("{good}{bad}")), Err(Damaged(2)), "{bad}");
        }
    }
}
