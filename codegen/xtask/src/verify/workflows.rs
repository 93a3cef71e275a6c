//! GitHub's workflows, run with act on this machine, without network.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use fleetgen_toolbox::act::Act;
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::{both, output, run};
use serde_json::{Value, json};

use super::clone::Clone;
use super::{Check, CheckContext};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("workflows: a pull request, with act", pull_request),
        Check::new("workflows: a build, with act", build),
        Check::new("workflows: an apply, with act", apply),
        Check::new("workflows: a pull request that records an image, with act", record),
        Check::new("workflows: what is not as it should be, with act", drift),
        Check::new("workflows: a rollout and a sweep, with act", rollout_and_sweep),
        Check::new("workflows: GitHub's parser and schemas", parsers),
        Check::new("workflows: of other fleets, GitHub's parser, actionlint and zizmor", others),
        Check::new("workflows: shellcheck of .github/scripts", scripts),
    ]
}

fn scripts(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut check = Command::new("bash");
    check.current_dir(context.root).args(["-c", "\"$0\" --external-sources --severity=style .github/scripts/*.sh"]);
    run(check.arg(&context.tools.shellcheck)).map(|_| ())
}

/// GitHub's own parser accepts every workflow, and so do the schemas. It refuses a key, and an expression, that GitHub does not know.
fn parsers(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let parser = Parser::new(context)?;
    let folder = context.root.join(".github/workflows");
    let files = workflows(&folder)?;
    parser.read(&files)?;
    let text = fs_err::read_to_string(folder.join("fleet-pr.yml"))?;
    for (from, to) in [("runs-on:", "runs-at:"), ("github.event.pull_request.number }}", "github.event.number == }}")] {
        let bad = parser.0.path().join("bad.yml");
        write(&bad, &text.replacen(from, to, 1))?;
        ensure!(parser.read(&[bad]).is_err(), "GitHub's parser accepts `{to}`");
    }
    let mut schema = Command::new(&context.tools.check_jsonschema);
    run(schema.args(["--builtin-schema", "vendor.github-workflows"]).args(&files))?;
    let mut schema = Command::new(&context.tools.check_jsonschema);
    schema.args(["--builtin-schema", "vendor.dependabot"]).arg(context.root.join(".github/dependabot.yml"));
    run(&mut schema).map(|_| ())
}

/// The workflows in a folder.
fn workflows(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    fs_err::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

/// GitHub's parser, bundled: Node.js 20 cannot import its JSON.
struct Parser(tempfile::TempDir);

impl Parser {
    fn new(context: &CheckContext<'_>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut bundle = Command::new("node_modules/.bin/esbuild");
        bundle.current_dir(&context.tools.workflow_parser).args(["parse.mjs", "--bundle", "--platform=node"]);
        bundle.args(["--format=esm", "--loader:.json=json", "--log-level=warning"]);
        bundle.arg("--banner:js=import{createRequire as __cr}from'module';const require=__cr(import.meta.url);");
        run(bundle.arg(format!("--outfile={}", folder.path().join("parse.mjs").display())))?;
        Ok(Self(folder))
    }

    fn read(&self, files: &[PathBuf]) -> anyhow::Result<()> {
        run(Command::new("node").arg(self.0.path().join("parse.mjs")).args(files)).map(|_| ())
    }
}

/// The linters accept the workflows of fleets with several accounts, without a runner, and on one cloud only.
fn others(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let clone = Clone::new(context)?;
    let read = |file: &str| fs_err::read_to_string(context.root.join(file));
    let rehearsal = read("tests/rehearsal/fleet.yaml")?;
    let without = |text: &str, from: &str, to: &str| -> anyhow::Result<String> {
        let (before, rest) = text.split_once(from).context("the section begins")?;
        Ok(before.to_owned() + &rest[rest.find(to).context("the section ends")?..])
    };
    let aws_only = without(&without(&rehearsal, "  gcp:\n", "environments:")?, "  gcp-tokyo:\n", "proxy:")?;
    let aws_only = without(&without(&aws_only, "  gcp_key:", "layers:")?, "  web-gcp:", "network: gcp-tokyo")?;
    let aws_only = aws_only.replace("network: gcp-tokyo, machine: n2-standard-2 }\n", "");
    let parser = Parser::new(context)?;
    for fleet in [read(super::accounts::FLEET)?, rehearsal, aws_only] {
        write(&clone.path("fleet.yaml"), &fleet)?;
        clone.fleetgen(&["generate"])?;
        fs_err::copy(context.root.join(".github/actionlint.yaml"), clone.path(".github/actionlint.yaml"))?;
        let mut actionlint = Command::new(&context.tools.actionlint);
        run(actionlint.current_dir(clone.root()).arg("-shellcheck").arg(&context.tools.shellcheck))?;
        parser.read(&workflows(&clone.path(".github/workflows"))?)?;
        let mut zizmor = Command::new(&context.tools.zizmor);
        run(zizmor.args(["--offline", "--no-progress", "--persona=pedantic"]).arg(clone.path(".github")))?;
    }
    Ok(())
}

/// A repository with two commits: before and after a pull request.
struct Ground<'a> {
    context: &'a CheckContext<'a>,
    clone: Clone,
    commits: [String; 2],
}

impl<'a> Ground<'a> {
    fn new(context: &'a CheckContext<'a>) -> anyhow::Result<Self> {
        let clone = Clone::new(context)?;
        let before = clone.git(&["rev-parse", "HEAD"])?.trim().to_owned();
        clone.edit("fleet.yaml", "size: { min: 1, max: 2 }", "size: { min: 1, max: 3 }")?;
        let after = clone.commit()?;
        Ok(Self { context, clone, commits: [before, after] })
    }

    /// What the stand-ins keep.
    fn artifact(&self, name: &str) -> Option<String> {
        fs_err::read_to_string(self.clone.beside("artifacts").join(name)).ok()
    }

    /// Who has logged in, sorted.
    fn logins(&self) -> Vec<String> {
        let mut logins: Vec<String> = self.artifact("logins").unwrap_or_default().lines().map(str::to_owned).collect();
        logins.sort();
        logins
    }

    /// Runs the workflow for a pull request from a repository.
    fn pull_request(&self, head: &str) -> anyhow::Result<()> {
        let [before, after] = &self.commits;
        let hostile = "$(touch pwned)`touch pwned`${{ secrets.X }}";
        let event = json!({
            "action": "opened", "number": 7,
            "pull_request": {
                "number": 7, "title": hostile, "body": hostile,
                "base": { "sha": before, "ref": "main" },
                "head": { "sha": after, "ref": hostile, "repo": { "full_name": head } },
            },
        });
        self.run("fleet-pr", "pull_request", event)
    }

    /// Runs a workflow for an event, without network.
    fn run(&self, workflow: &str, name: &str, event: Value) -> anyhow::Result<()> {
        let CheckContext { tools, root, sandbox, .. } = self.context;
        let real = std::env::current_exe()?.with_file_name("fleetgen");
        let program = root.join("tests/workflows/program.sh");
        let act =
            Act { root, tools, repository: &self.clone.root(), folder: &self.clone.beside(""), program: &program };
        let mut command = Command::new("unshare");
        command.env("HOME", self.clone.beside("home"));
        command.args(["--net", "bash", "-c", "ip link set lo up && exec \"$0\" \"$@\""]);
        let text = |path: &Path| path.display().to_string();
        let environment = [
            ("PATH", format!("{}:{}", text(&root.join("tests/workflows/clouds")), std::env::var("PATH")?)),
            ("REAL_FLEETGEN", text(&real)),
            ("STATUS", text(&root.join("tests/workflows/status.json"))),
            ("REAL_TERRAFORM", text(&tools.terraform)),
            ("TF_CLI_CONFIG_FILE", text(&sandbox.path("terraform.rc"))),
        ];
        let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        act.add_to(&mut command, workflow, (name, event), &environment)?;
        let done = output(&mut command)?;
        ensure!(done.status.success(), "the workflow fails\n{}", both(&done));
        Ok(())
    }
}

/// A pull request gets a comment with plans of what changes, which the next run updates. One from a fork gets neither credentials nor a
/// comment.
fn pull_request(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let ground = Ground::new(context)?;
    ground.pull_request("example/fleet")?;
    let comment = ground.artifact("comment.md").context("there is no comment")?;
    let (change, plans) = comment.split_once("<details><summary>Plan of").context("there is no plan")?;
    let expected = fs_err::read_to_string(context.root.join("tests/workflows/comment.md"))?;
    ensure!(change.trim() == expected.trim(), "the comment is not tests/workflows/comment.md, but\n{change}");
    ensure!(
        plans.matches("9 to add, 0 to change, 0 to destroy.</summary>").count() == 2,
        "not both groups on AWS are planned"
    );
    let page = ground.artifact("change/page.html").unwrap_or_default();
    ensure!(page.starts_with("<!doctype html>") && page.contains("web-tokyo"), "there is no page");
    let logins = ground.logins();
    let plan =
        ["arn:aws:iam::123456789012:role/rehearsal-plan", "rehearsal-plan@example-fleet.iam.gserviceaccount.com"];
    ensure!(logins == plan, "{logins:?} logged in");
    ground.pull_request("example/fleet")?;
    let asked = ground.artifact("gh").unwrap_or_default();
    ensure!(asked.matches("--method POST").count() == 1 && asked.matches("--method PATCH").count() == 1, "{asked}");

    let fork = Ground::new(context)?;
    fork.pull_request("other/fleet")?;
    ensure!(fork.artifact("logins").is_none(), "a fork's pull request logs in");
    ensure!(fork.artifact("gh").is_none(), "a fork's pull request writes");
    let change = fork.artifact("change/comment.md").unwrap_or_default();
    ensure!(change.trim() == expected.trim(), "a fork's pull request is not explained\n{change}");
    ensure!(!fork.clone.path("pwned").exists() && !ground.clone.path("pwned").exists(), "a title is run");
    Ok(())
}

/// A build asks for what is missing, parents first, as the job that may build. Here, a script takes the place of Packer.
fn build(context: &CheckContext<'_>) -> anyhow::Result<()> {
    const BUILD: &str = "#!/bin/bash\nset -eu\nmkdir -p .fleetgen/$1/reports\ndate >.fleetgen/$1/reports/log\necho \"$*\" >>$ARTIFACTS/built\n";
    let ground = Ground::new(context)?;
    write(&ground.clone.path("packer/runner/build.sh"), BUILD)?;
    write(&ground.clone.path("packer/runner/install-tools.sh"), "#!/bin/bash\n")?;
    ground.clone.commit()?;
    let reason = "$(touch pwned)`touch pwned`";
    let event = json!({ "inputs": { "layers": "", "all": "false", "reason": reason } });
    ground.run("fleet-build", "workflow_dispatch", event)?;
    let built = ground.artifact("built").unwrap_or_default();
    let expected = "base amazon-ebs.amd64 googlecompute.amd64\nweb amazon-ebs.amd64 googlecompute.amd64\n";
    ensure!(built == expected, "this was built:\n{built}");
    let logins = ground.logins();
    ensure!(logins.len() == 4 && logins.iter().all(|login| login.contains("rehearsal-build-runner")), "{logins:?}");
    ensure!(ground.artifact("reports-web/web/log").is_some(), "the reports are not kept");
    for bucket in ["example-reports", "example-reports-gcp"] {
        let kept = ground.artifact(&format!("buckets/{bucket}/builds/1-1/web/log"));
        ensure!(kept.is_some(), "the reports are not in the bucket {bucket}");
    }
    ensure!(!ground.clone.path("pwned").exists(), "a reason is run");
    // Nothing but what is asked for.
    let one = Ground::new(context)?;
    write(&one.clone.path("packer/runner/build.sh"), BUILD)?;
    write(&one.clone.path("packer/runner/install-tools.sh"), "#!/bin/bash\n")?;
    one.clone.commit()?;
    one.run(
        "fleet-build",
        "workflow_dispatch",
        json!({ "inputs": { "layers": "base", "all": "false", "reason": "x" } }),
    )?;
    let built = one.artifact("built").unwrap_or_default();
    ensure!(built.lines().count() == 1 && built.starts_with("base "), "this was built:\n{built}");
    Ok(())
}

/// An apply applies the plans that were saved, as the job of the environment.
fn apply(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let ground = Ground::new(context)?;
    ground.run("fleet-apply", "workflow_dispatch", json!({ "inputs": { "environment": "stg" } }))?;
    let logins = ground.logins();
    let count = |job: &str| logins.iter().filter(|login| login.contains(job)).count();
    ensure!(count("rehearsal-plan") == 2 && count("rehearsal-apply-stg") == 2 && logins.len() == 4, "{logins:?}");
    let applied = ground.artifact("applied").unwrap_or_default();
    let mut roots: Vec<&str> = applied.lines().collect();
    roots.sort_unstable();
    let expected = ["aws-oregon/stg.plan", "aws-tokyo/stg.plan", "gcp-tokyo/stg.plan"];
    ensure!(roots == expected, "this was applied: {roots:?}");
    Ok(())
}

/// An image that a pull request records is explained, from reports in the bucket.
fn record(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let ground = Ground::new(context)?;
    let keep = |report: &Value| -> anyhow::Result<String> {
        let text = report.to_string();
        let digest = fleetgen_images::digest(text.as_bytes()).to_string();
        let folder = ground.clone.beside("artifacts/buckets/example-reports/reports");
        fs_err::create_dir_all(&folder)?;
        write(&folder.join(format!("{digest}.json")), &text)?;
        Ok(digest)
    };
    let image = |key: &str, version: &str| -> anyhow::Result<Value> {
        let package = json!({ "name": "openssl", "version": version, "purl": "pkg:deb/debian/openssl" });
        let sbom = keep(&json!({ "bomFormat": "CycloneDX", "components": [package] }))?;
        let trivy = keep(&json!({ "SchemaVersion": 2, "Results": [], "of": key }))?;
        let build = json!({
            "ids": { "us-west-2": "ami-0123456789abcdef0" }, "commit": "c".repeat(40),
            "digests": { "sbom": sbom, "trivy": trivy },
        });
        Ok(json!({ "key": key.repeat(32), "os": "debian-12", "builds": { "aws": { "amd64": build } } }))
    };
    let commit = |images: &[Value]| {
        let images: fleetgen_images::Images = serde_json::from_value(json!({ "layer": "base", "images": images }))?;
        fs_err::create_dir_all(ground.clone.path("images"))?;
        write(&ground.clone.path("images/base.yaml"), &images.render()?)?;
        ground.clone.commit()
    };
    let images = [image("a", "3.1")?, image("b", "3.2")?];
    let commits = [commit(&images[..1])?, commit(&images)?];
    let ground = Ground { commits, ..ground };
    ground.pull_request("example/fleet")?;
    let comment = ground.artifact("comment.md").context("there is no comment")?;
    ensure!(comment.contains("\n  - packages: openssl 3.1 → 3.2\n"), "the packages are not in the comment\n{comment}");
    let logins = ground.logins();
    ensure!(logins.iter().all(|login| login.contains("rehearsal-plan")) && !logins.is_empty(), "{logins:?} logged in");
    Ok(())
}

/// What is not as fleet.yaml says is in one issue, which is updated.
fn drift(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let ground = Ground::new(context)?;
    let run = || ground.run("fleet-drift", "schedule", json!({}));
    run()?;
    let issue = ground.artifact("issue.md").context("there is no issue")?;
    let expected = fs_err::read_to_string(context.root.join("tests/workflows/issue.md"))?;
    ensure!(issue.trim() == expected.trim(), "the issue is not tests/workflows/issue.md, but\n{issue}");
    run()?;
    let asked = ground.artifact("gh").unwrap_or_default();
    ensure!(asked.matches("issue create").count() == 1 && asked.matches("issue edit").count() == 1, "{asked}");
    let logins = ground.logins();
    ensure!(logins.iter().all(|login| login.contains("rehearsal-plan")) && !logins.is_empty(), "{logins:?} logged in");
    Ok(())
}

/// Each is asked for what the workflow is for, as the job that may do it.
fn rollout_and_sweep(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let ground = Ground::new(context)?;
    let emergency = "$(touch pwned)";
    let inputs = json!({ "inputs": { "environment": "all", "emergency": emergency } });
    ground.run("fleet-rollout", "workflow_dispatch", inputs)?;
    let asked = ground.artifact("asked").unwrap_or_default();
    ensure!(asked == format!("rollout plan --environment stg --emergency {emergency} --format github\n"), "{asked}");
    ensure!(!ground.clone.path("pwned").exists(), "a reason is run");
    let logins = ground.logins();
    ensure!(logins.len() == 2 && logins.iter().all(|login| login.contains("rehearsal-rollout-stg")), "{logins:?}");
    for (remove, expected) in
        [("false", "sweep --format github\n"), ("true", "sweep --format github\nsweep --remove --format github\n")]
    {
        let ground = Ground::new(context)?;
        ground.run("fleet-sweep", "workflow_dispatch", json!({ "inputs": { "remove": remove } }))?;
        let asked = ground.artifact("asked").unwrap_or_default();
        ensure!(asked == expected, "with `remove` {remove}, it was asked for {asked:?}");
        let logins = ground.logins();
        ensure!(logins.len() == 2 && logins.iter().all(|login| login.contains("rehearsal-sweep")), "{logins:?}");
    }
    Ok(())
}
