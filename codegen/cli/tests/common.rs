//! A repository in a temporary folder, and the real program: sandbox, run, expect.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The root of this repository, or of a copy of it with another fleet.
pub(crate) fn repository() -> PathBuf {
    match std::env::var_os("FLEETGEN_TEST_REPOSITORY") {
        Some(copy) => copy.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap(),
    }
}

/// The fleet that documents show. The one of the repository may be anybody's.
pub(crate) fn example() -> String {
    std::fs::read_to_string(repository().join("tests/fleets/example.yaml")).unwrap()
}

/// The fleet that test fleets are changes to.
pub(crate) fn base() -> String {
    std::fs::read_to_string(repository().join("tests/base.yaml")).unwrap()
}

/// A fleet for rollouts: two groups on each cloud, and an approval before production.
pub(crate) const TWO_CLOUDS: &str = "\
environments:
  - { name: stg, approval: none, soak: 10m }
  - name: prod
    approval: owners
    gates:
      release: { approval: The release notes are out }
groups:
  web-stg: { profile: plain, network: aws-tokyo, machine: m7g.large, environment: stg }
  job-stg: { profile: plain, network: gcp-tokyo, machine: n2-standard-4, environment: stg }
  web:
    profile: plain
    network: aws-tokyo
    machine: m7g.large
    size: { min: 4, max: 8 }
    rollout: { canary: 25% }
  job: { profile: plain, network: gcp-tokyo, machine: n2-standard-4, size: { min: 3 }, rollout: { wave: 2 } }
";

/// The approval in that fleet.
pub(crate) const APPROVAL: &str = "    gates:\n      release: { approval: The release notes are out }\n";

/// A fleet.yaml as a change to the base: its sections replace those of the base, or add to them if it starts with
/// `# adds`. One that starts with `# whole` is a file by itself.
pub(crate) fn merged(change: &str) -> String {
    if change.is_empty() || change.starts_with("# whole") {
        return change.to_owned();
    }
    let adds = change.starts_with("# adds");
    let change = sections(change);
    let mut merged = sections(&base());
    for (name, text) in change {
        match merged.iter().position(|(other, _)| *other == name) {
            Some(at) if adds => merged[at].1 += text.split_once('\n').unwrap().1,
            Some(at) => {
                merged.remove(at);
                merged.push((name, text));
            }
            None => merged.push((name, text)),
        }
    }
    merged.into_iter().map(|(_, text)| text).collect()
}

/// The sections of a fleet.yaml, by the key of each.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with(|first: char| first.is_ascii_lowercase()) {
            sections.push((line.split(':').next().unwrap().to_owned(), String::new()));
        } else if sections.is_empty() {
            sections.push((String::new(), String::new()));
        }
        let text = &mut sections.last_mut().unwrap().1;
        text.push_str(line);
        text.push('\n');
    }
    sections
}

pub(crate) struct Sandbox {
    folder: TempDir,
}

/// The result of a run of the program.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    /// A repository with the given fleet.yaml.
    pub(crate) fn new(fleet: &str) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        for part in ["packer", "goss"] {
            std::os::unix::fs::symlink(repository().join(part), sandbox.path(part)).unwrap();
        }
        sandbox.write("fleet.yaml", fleet);
        sandbox
    }

    /// A repository with the given fleet.yaml and its generated files.
    pub(crate) fn generated(fleet: &str) -> Self {
        let sandbox = Self::new(fleet);
        sandbox.run(&["generate"]).expect(0);
        sandbox
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    #[expect(clippy::disallowed_methods, reason = "in a temporary folder")]
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "in a temporary folder")]
    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.path(path)).unwrap();
    }

    pub(crate) fn remove_all(&self, path: &str) {
        std::fs::remove_dir_all(self.path(path)).unwrap();
    }

    /// Runs Git.
    pub(crate) fn git(&self, words: &[&str]) {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
        let run = Command::new("git").current_dir(self.path("")).args(identity).args(words).output().unwrap();
        assert!(run.status.success(), "{words:?}: {}", String::from_utf8_lossy(&run.stderr));
    }

    /// A repository of Git, with copies of the scripts, checks and modules, whose first commit has everything.
    pub(crate) fn committed(fleet: &str) -> Self {
        let sandbox = Self::new(fleet);
        sandbox.copy_scripts();
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(repository().join("terraform")).arg(sandbox.path("terraform"));
        assert!(copy.status().unwrap().success());
        sandbox.run(&["generate"]).expect(0);
        sandbox.git(&["init", "--quiet"]);
        sandbox.write(".gitignore", ".terraform\n.terraform.lock.hcl\n.fleetgen\n");
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "--quiet", "--message=first"]);
        sandbox
    }

    /// Replaces the links to the repository's scripts and checks by copies.
    #[expect(clippy::disallowed_methods, reason = "in a temporary folder")]
    pub(crate) fn copy_scripts(&self) {
        for part in ["packer", "goss"] {
            std::fs::remove_file(self.path(part)).unwrap();
            let status = Command::new("cp").arg("-r").arg(repository().join(part)).arg(self.path(part)).status();
            assert!(status.unwrap().success());
        }
    }

    /// Changes fleet.yaml.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = self.read("fleet.yaml");
        assert!(text.contains(from), "{from} is not in fleet.yaml");
        self.write("fleet.yaml", &text.replacen(from, to, 1));
    }

    /// Every file that fleetgen may write, with its content: all of the sandbox except what [`Sandbox::new`] puts there.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let entries = walkdir::WalkDir::new(self.folder.path()).sort_by_file_name();
        entries
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| !entry.file_type().is_dir() && !entry.path_is_symlink())
            .map(|entry| {
                let name = entry.path().strip_prefix(self.folder.path()).unwrap().display().to_string();
                (name, std::fs::read_to_string(entry.path()).unwrap_or_default())
            })
            .filter(|(name, _)| name != "fleet.yaml")
            .collect()
    }

    pub(crate) fn spawn(&self, words: &[&str]) -> std::process::Child {
        self.spawn_with(words, &[])
    }

    /// Starts the program with these environment variables as well.
    pub(crate) fn spawn_with(&self, words: &[&str], variables: &[(&str, &str)]) -> std::process::Child {
        self.command(words).envs(variables.iter().copied()).spawn().unwrap()
    }

    /// The program, with the same environment wherever and whenever it is run.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleetgen"));
        // The second of November 2026.
        command.env("SOURCE_DATE_EPOCH", "1793577600").env("USER", "octocat").env("NO_COLOR", "1");
        for name in ["GITHUB_ACTOR", "GITHUB_STEP_SUMMARY", "FLEETGEN_NOTIFY_URL", "FLEETGEN_NOTIFY_COMMAND"] {
            command.env_remove(name);
        }
        // Not the developer's terminal, whose width the help would follow.
        command.current_dir(self.folder.path()).args(words).stdin(std::process::Stdio::null());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Run {
        self.run_with(words, &[])
    }

    /// Runs the program with these environment variables as well.
    pub(crate) fn run_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Run {
        let output = self.command(words).envs(variables.iter().copied()).output().unwrap();
        let run = Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        if words.windows(2).any(|pair| pair == ["--format", "json"]) {
            expect_form(words, &run);
        }
        run
    }
}

/// What a command prints for programs has the form in `docs/json/`.
fn expect_form(words: &[&str], run: &Run) {
    let mut names = words.iter().filter(|word| !word.starts_with('-') && **word != "json");
    let name = match (names.next(), names.next()) {
        (Some(&"images"), Some(own)) => format!("images-{own}"),
        // These show how far the rollout is.
        (Some(&"rollout"), Some(&("start" | "resume"))) => "rollout-status".to_owned(),
        (Some(&"rollout"), Some(own)) => format!("rollout-{own}"),
        (Some(own), _) => (*own).to_owned(),
        (None, _) => panic!("{words:?} is no command"),
    };
    // What is watched is one answer on each line.
    let answers = if name == "rollout-watch" { run.stdout.lines().collect() } else { vec![run.stdout.as_str()] };
    for (name, answer) in answers.into_iter().map(|answer| (&*name, answer)).chain([("problems", run.stderr.as_str())])
    {
        // Notes on standard error are not for programs.
        if !answer.trim_start().starts_with('{') {
            continue;
        }
        let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{words:?}: {error}\n{text}"));
        // Notes may follow what is wrong.
        let answer: serde_json::Value = match name {
            "problems" => serde_json::Deserializer::from_str(answer).into_iter().next().unwrap().unwrap(),
            _ => read(answer),
        };
        let form = std::fs::read_to_string(repository().join(format!("docs/json/{name}.json")));
        let form = form.unwrap_or_else(|_| panic!("docs/json has no form for {words:?}"));
        let form = jsonschema::validator_for(&read(&form)).unwrap();
        let wrong: Vec<String> =
            form.iter_errors(&answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "docs/json/{name}.json and {words:?}: {}", wrong.join("\n"));
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(words), "`{words}` is not in:\n{all}");
        self
    }
}

/// The files of a folder of `tests/`, without their ending, sorted.
pub(crate) fn cases(folder: &str) -> Vec<String> {
    let mut cases: Vec<String> = std::fs::read_dir(repository().join("tests").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    cases.sort();
    cases
}

/// Compares a text with the snapshot of that name in a folder of `tests/`. `cargo insta review` shows what changed.
#[track_caller]
pub(crate) fn expect_snapshot(folder: &str, name: &str, actual: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(repository().join("tests").join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, actual));
}

/// The text of a snapshot.
pub(crate) fn snapshot(folder: &str, name: &str) -> String {
    let path = repository().join(format!("tests/{folder}/{name}.snap"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.splitn(3, "---\n").nth(2).unwrap().to_owned()
}

/// Keeps a generated document current: `cargo xtask docs` rewrites it, and any other run compares it.
#[track_caller]
pub(crate) fn expect_document(path: &str, actual: &str) {
    let full = repository().join(path);
    if std::env::var_os("FLEETGEN_WRITE_DOCS").is_some() {
        #[expect(clippy::disallowed_methods, reason = "a document of the repository, on request")]
        std::fs::write(full, actual).unwrap();
        return;
    }
    let current = std::fs::read_to_string(full).unwrap();
    assert!(current == actual, "{path} is stale: run `cargo xtask docs`, and review the difference");
}

/// Shows output in a document, behind a marker.
#[track_caller]
pub(crate) fn show_in(document: &str, marker: &str, fence: &str, output: &str) {
    // Two tests write to the same document.
    static WRITING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _writing = WRITING.lock().unwrap();
    let text = std::fs::read_to_string(repository().join(document)).unwrap();
    let start = format!("<!-- {marker} -->\n```{fence}\n");
    let (before, after) = text.split_once(&start).unwrap();
    let after = &after[after.find("```").unwrap()..];
    expect_document(document, &[before, &start, output, after].concat());
}

/// Every command with subcommands' own words, as clap knows them.
pub(crate) fn commands(sandbox: &Sandbox, above: &[&str]) -> Vec<Vec<String>> {
    let help = sandbox.run(&[above, &["--help"]].concat()).expect(0).stdout;
    let Some((_, list)) = help.split_once("Commands:\n") else {
        return vec![above.iter().map(|word| (*word).to_owned()).collect()];
    };
    let names = list.lines().take_while(|line| !line.is_empty()).filter_map(|line| {
        // A description that wraps is indented further.
        (line.starts_with("  ") && !line.starts_with("   ")).then(|| line.split_whitespace().next())?
    });
    names.filter(|name| *name != "help").flat_map(|name| commands(sandbox, &[above, &[name]].concat())).collect()
}
