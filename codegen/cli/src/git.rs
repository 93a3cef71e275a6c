//! Reads a repository's past through Git. Nothing is checked out.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::arguments::Global;
use crate::error::Failure;

/// A commit.
pub(crate) struct Commit<'a> {
    global: &'a Global,
    /// Its id.
    id: String,
    /// What the user calls it.
    pub(crate) name: &'a str,
}

impl<'a> Commit<'a> {
    /// The commit that a revision names: a commit, a branch or a tag.
    pub(crate) fn find(global: &'a Global, revision: &'a str) -> Result<Self, Failure> {
        git(global, &["rev-parse", "--git-dir"], "").map_err(|_| {
            usage("this directory is not in a Git repository".to_owned(), "name the repository's directory with `-C`")
        })?;
        // `--end-of-options` keeps a revision that looks like an option from being one.
        let named = format!("{revision}^{{commit}}");
        let id = git(global, &["rev-parse", "--verify", "--quiet", "--end-of-options", &named], "").map_err(|_| {
            usage(format!("`{revision}` is not a revision of this repository"), "name a commit, branch or tag")
        })?;
        Ok(Self { global, id: String::from_utf8_lossy(&id).trim().to_owned(), name: revision })
    }

    /// The files below directories, by path from the directory that fleetgen works in. One process of Git reads them all.
    pub(crate) fn below(&self, directories: &[&str]) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
        let listing = [&["ls-tree", "-r", "-z", &self.id, "--"], directories].concat();
        let listing = String::from_utf8_lossy(&git(self.global, &listing, "")?).into_owned();
        // `MODE blob OBJECT<tab>PATH`. By their ids, Git finds objects ten times faster than by their paths.
        let entries = listing.split('\0').filter_map(|entry| {
            let (about, path) = entry.split_once('\t')?;
            Some((path, about.split(' ').nth(2)?.to_owned()))
        });
        self.objects(&entries.collect::<Vec<_>>())
    }

    /// The file at a path from the directory that fleetgen works in, if it exists.
    pub(crate) fn file(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.objects(&[(path, format!("{}:./{path}", self.id))])?.remove(path))
    }

    /// Objects, by the path that each is for; those that do not exist are left out.
    fn objects(&self, objects: &[(&str, String)]) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
        // `cat-file --batch` takes a request a line, so a path with a newline would be two.
        let objects: Vec<_> = objects.iter().filter(|(_, object)| !object.contains('\n')).collect();
        let requests = objects.iter().fold(String::new(), |text, (_, object)| text + object + "\n");
        let answers = git(self.global, &["cat-file", "--batch", "--buffer"], &requests)?;
        let mut contents = BTreeMap::new();
        let mut rest = answers.as_slice();
        for (path, _) in objects {
            // `OBJECT TYPE SIZE`, the content and a newline; or `OBJECT missing`.
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let (header, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            let header = String::from_utf8_lossy(header);
            let Some(size) = header.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok()) else { continue };
            anyhow::ensure!(rest.len() > size, "git cat-file ended early");
            contents.insert((*path).to_owned(), rest[..size].to_vec());
            rest = &rest[size + 1..];
        }
        Ok(contents)
    }
}

/// The files below directories that are committed, or would be: Git does not ignore them.
pub(crate) fn tracked(global: &Global, directories: &[&str]) -> anyhow::Result<Vec<String>> {
    let listing = [&["ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"], directories].concat();
    let listing = git(global, &listing, "")?;
    let listing = String::from_utf8_lossy(&listing);
    Ok(listing.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// A mistake in what Git was asked for.
pub(crate) fn usage(message: String, hint: &str) -> Failure {
    Failure::usage(message, Some(hint.to_owned()))
}

fn git(global: &Global, words: &[&str], input: &str) -> anyhow::Result<Vec<u8>> {
    let mut command = Command::new("git");
    command.arg("-C").arg(&global.directory).args(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take();
    // Written by another thread: Git answers while it reads.
    let (written, output) = rayon::join(
        move || stdin.as_mut().map_or(Ok(()), |stdin| stdin.write_all(input.as_bytes())),
        || child.wait_with_output(),
    );
    let output = output?;
    if !output.status.success() {
        anyhow::bail!("git {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    written?;
    Ok(output.stdout)
}
