//! The pinned actions, compared with their repositories. Dependabot sees only what is written by hand.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::run;
use serde_json::Value;

const TABLE: &str = "codegen/emit/data/actions.json";

/// Which pins to change.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write the newest versions into the table
    #[arg(long)]
    write: bool,
    /// Where the repositories are
    #[arg(long, value_name = "URL", default_value = "https://github.com")]
    from: String,
}

/// Says for each action whether its version still is the commit in the table, and whether there is a newer one. With a tag that was
/// moved, it fails and writes nothing.
pub(crate) fn run_task(root: &Path, args: &Args) -> anyhow::Result<()> {
    let mut table = fs_err::read_to_string(root.join(TABLE))?;
    let actions: BTreeMap<String, Value> = serde_json::from_str(&table)?;
    let mut moved = Vec::new();
    for (name, action) in &actions {
        let text = |key: &str| action[key].as_str().with_context(|| format!("{name} has no {key}"));
        let (repository, version, commit) = (text("repository")?, text("version")?, text("commit")?);
        let url = format!("{}/{repository}", args.from);
        // A fixed set of words, so that nothing is read as an option.
        let tags = run(Command::new("git").args(["ls-remote", "--tags", "--", &url]))?;
        let versions = versions(&tags);
        let parsed = parse(version).with_context(|| format!("{name}: {version} is not a version"))?;
        let current = versions.get(&parsed).map(String::as_str);
        if current != Some(commit) {
            moved.push(format!("{repository} {version} is {}, not {commit}", current.unwrap_or("gone")));
            continue;
        }
        let newest = versions.last_key_value().context("there are no versions")?;
        let named = format!("v{}.{}.{}", newest.0[0], newest.0[1], newest.0[2]);
        println!("{repository:<40} {version:<8} {}", if named == version { "the newest" } else { &named });
        table = table.replace(
            &format!("\"version\": \"{version}\", \"commit\": \"{commit}\""),
            &format!("\"version\": \"{named}\", \"commit\": \"{}\"", newest.1),
        );
    }
    ensure!(moved.is_empty(), "tags were moved, so find out why before anything else:\n{}", moved.join("\n"));
    if args.write {
        write(&root.join(TABLE), &table)?;
        println!("now read the changes of each release, and run `cargo run -- generate`");
    }
    Ok(())
}

/// The commits of full versions. An annotated tag has a second line, with the commit.
fn versions(tags: &str) -> BTreeMap<[u64; 3], String> {
    let mut versions = BTreeMap::new();
    for (commit, name) in tags.lines().filter_map(|line| line.split_once("\trefs/tags/")) {
        let is_commit = name.ends_with("^{}");
        let Some(version) = parse(name.trim_end_matches("^{}")) else { continue };
        if is_commit || !versions.contains_key(&version) {
            versions.insert(version, commit.to_owned());
        }
    }
    versions
}

/// `v1.2.3`. Tags such as `v1` move, and `v1.2.3-beta` is none to use.
fn parse(version: &str) -> Option<[u64; 3]> {
    let parts: Vec<u64> = version.strip_prefix('v')?.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_tag_is_found_and_newer_versions_are_written() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let (root, remote) = (folder.path().join("root"), folder.path().join("actions/checkout"));
        fs_err::create_dir_all(root.join(TABLE).with_file_name(""))?;
        fs_err::create_dir_all(&remote)?;
        let git = |words: &[&str]| {
            let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
            run(Command::new("git").current_dir(&remote).args(identity).args(words))
        };
        let commit = |tag: &[&str]| -> anyhow::Result<String> {
            git(&["commit", "--quiet", "--allow-empty", "--message=a"])?;
            git(&[&["tag"], tag].concat())?;
            Ok(git(&["rev-parse", "HEAD"])?.trim().to_owned())
        };
        git(&["init", "--quiet"])?;
        let first = commit(&["v1.9.0"])?;
        let second = commit(&["--annotate", "--message=a", "v1.10.0"])?;
        commit(&["v2.0.0-beta"])?;
        let table = |commit: &str| {
            format!(
                "{{\n  \"checkout\": {{ \"repository\": \"actions/checkout\", \"version\": \"v1.9.0\", \"commit\": \"{commit}\" }}\n}}\n"
            )
        };
        let path = root.join(TABLE);
        let args = Args { write: true, from: folder.path().display().to_string() };
        write(&path, &table(&second))?;
        let error = run_task(&root, &args).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(&format!("v1.9.0 is {first}, not {second}")), "{error}");
        assert_eq!(fs_err::read_to_string(&path)?, table(&second));
        write(&path, &table(&first))?;
        run_task(&root, &args)?;
        assert_eq!(fs_err::read_to_string(&path)?, table(&second).replace("v1.9.0", "v1.10.0"));
        Ok(())
    }
}
