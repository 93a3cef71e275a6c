//! GitHub's workflows, run with act on this machine, without network.

use std::path::Path;
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
        Check::new("workflows: of other fleets, actionlint and zizmor", others),
        Check::new("workflows: shellcheck of .github/scripts", scripts),
    ]
}

fn scripts(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut check = Command::new("bash");
    check.current_dir(context.root).args(["-c", "\"$0\" --external-sources --severity=style .github/scripts/*.sh"]);
    run(check.arg(&context.tools.shellcheck)).map(|_| ())
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
    for fleet in [read(super::accounts::FLEET)?, rehearsal, aws_only] {
        write(&clone.path("fleet.yaml"), &fleet)?;
        clone.fleetgen(&["generate"])?;
        fs_err::copy(context.root.join(".github/actionlint.yaml"), clone.path(".github/actionlint.yaml"))?;
        let mut actionlint = Command::new(&context.tools.actionlint);
        run(actionlint.current_dir(clone.root()).arg("-shellcheck").arg(&context.tools.shellcheck))?;
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
        let program = std::env::current_exe()?.with_file_name("fleetgen");
        let act =
            Act { root, tools, repository: &self.clone.root(), folder: &self.clone.beside(""), program: &program };
        let mut command = Command::new("unshare");
        command.env("HOME", self.clone.beside("home"));
        command.args(["--net", "bash", "-c", "ip link set lo up && exec \"$0\" \"$@\""]);
        let text = |path: &Path| path.display().to_string();
        let environment = [
            ("PATH", std::env::var("PATH")?),
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
    let mut logins: Vec<String> = ground.artifact("logins").unwrap_or_default().lines().map(str::to_owned).collect();
    logins.sort();
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
