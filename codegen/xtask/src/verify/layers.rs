//! Image layers: their files, checked by Packer, Goss, shellcheck and Cosign.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use super::{Check, CheckContext};
use fleetgen_toolbox::files::{copy, write};
use fleetgen_toolbox::packer::{install_plugins, with_plugins};
use fleetgen_toolbox::process::{both, output, run};
use fleetgen_toolbox::repository::lay_out;

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("layers: packer fmt", format),
        Check::new("layers: packer validate, with both plugins", packer),
        Check::new("layers: goss render", goss),
        Check::new("layers: shellcheck of every script", shellcheck),
        Check::new("layers: cosign signs, verifies and refuses", cosign),
        Check::new("layers: cosign attests what was built", attest),
    ]
}

/// The folders of layers with a Packer template.
fn builds(directory: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut builds = Vec::new();
    for entry in fs_err::read_dir(directory.join("generated/packer"))? {
        let path = entry?.path();
        if path.join("build.pkr.hcl").is_file() {
            builds.push(path);
        }
    }
    ensure!(!builds.is_empty(), "no layer to build in {}", directory.display());
    builds.sort();
    Ok(builds)
}

fn format(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&context.tools.packer);
    command.current_dir(context.root).env("CHECKPOINT_DISABLE", "1");
    run(command.args(["fmt", "-check", "-diff", "-recursive", "generated/packer"])).map(|_| ())
}

/// Packer accepts every layer of a repository.
pub(super) fn validate(context: &CheckContext<'_>, repository: &Path) -> anyhow::Result<()> {
    let plugins = tempfile::tempdir()?;
    install_plugins(context.tools, plugins.path())?;
    for build in builds(repository)? {
        let mut packer = with_plugins(context.tools, plugins.path());
        run(packer.args(["validate", "-var", COMMIT]).arg(&build))?;
    }
    Ok(())
}

const COMMIT: &str = "commit=0123456789abcdef0123456789abcdef01234567";

fn packer(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let plugins = context.sandbox.path("packer-plugins");
    install_plugins(context.tools, &plugins)?;
    let packer = || with_plugins(context.tools, &plugins);
    // The rehearsal's fleet adds Debian and hostile text.
    let rehearsal = context.sandbox.path("layers-rehearsal");
    lay_out(context.root, &rehearsal, &fs_err::read_to_string(context.root.join("tests/rehearsal/fleet.yaml"))?, &[])?;
    let accounts = super::accounts::repository(context, "layers-accounts")?;
    for build in [builds(context.root)?, builds(&rehearsal)?, builds(&accounts)?].concat() {
        run(packer().args(["validate", "-var", COMMIT]).arg(&build))?;
    }
    let base = context.root.join("generated/packer/base");
    let refused = output(packer().args(["validate", "-var", "commit=HEAD"]).arg(&base))?;
    ensure!(!refused.status.success() && both(&refused).contains("40 hexadecimal digits"), "{}", both(&refused));
    Ok(())
}

/// Renders every gossfile with its includes, for each kind of machine.
fn goss(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut rendered = 0;
    for entry in fs_err::read_dir(context.root.join("generated/goss"))? {
        let gossfile = entry?.path().join("goss.yaml");
        for (cloud, container, gpu) in [("aws", false, false), ("gcp", true, true)] {
            let variables = format!("{{\"cloud\": {cloud:?}, \"container\": {container}, \"gpu\": {gpu}}}");
            let mut command = Command::new(&context.tools.goss);
            command.current_dir("/").arg("--gossfile").arg(&gossfile).args(["--vars-inline", &variables, "render"]);
            let output = output(&mut command)?;
            ensure!(output.status.success(), "{}", both(&output));
            // Of two checks with one name, the later one would replace the other.
            ensure!(!both(&output).contains("Duplicate key"), "{}", both(&output));
            ensure!(
                both(&output).contains("Unattended-Upgrade"),
                "{} does not include the base's checks",
                gossfile.display()
            );
            rendered += 1;
        }
    }
    ensure!(rendered > 0, "no gossfiles");
    Ok(())
}

fn shellcheck(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&context.tools.shellcheck);
    command.current_dir(context.root).args(["--severity=style", "--external-sources", "--source-path=."]);
    for folder in ["packer", "generated/packer"] {
        for entry in walkdir::WalkDir::new(context.root.join(folder)).sort_by_file_name() {
            let path = entry?.into_path();
            // Files that a layer installs are the user's.
            let is_script = path.extension().is_some_and(|extension| extension == "sh");
            if is_script && !path.components().any(|part| part.as_os_str() == "files") {
                command.arg(path.strip_prefix(context.root)?);
            }
        }
    }
    run(&mut command).map(|_| ())
}

/// A folder with temporary keys and the runner's scripts.
struct Signing<'a> {
    context: &'a CheckContext<'a>,
    directory: std::path::PathBuf,
}

impl<'a> Signing<'a> {
    fn new(context: &'a CheckContext<'a>, name: &str) -> anyhow::Result<Self> {
        let directory = context.sandbox.path(name);
        copy(&context.root.join("packer/runner"), &directory.join("packer/runner"))?;
        fs_err::create_dir_all(directory.join("generated/packer"))?;
        fs_err::copy(context.root.join("generated/packer/keys.sh"), directory.join("generated/packer/keys.sh"))?;
        context.tools.key_pairs(&directory)?;
        Ok(Self { context, directory })
    }

    /// Runs bash with the runner's functions. `fetch` copies a local file instead of downloading.
    fn bash(&self, key: &str, script: &str) -> anyhow::Result<std::process::Output> {
        let text = format!(
            "set -euo pipefail; repository=$PWD artifacts=$PWD/artifacts; clouds=(aws); . packer/runner/lib.sh\n\
             fetch() {{ cp \"${{1##*/}}\" \"$2\" 2>/dev/null || fail \"cannot fetch $1\"; }}\n{script}"
        );
        let mut command = Command::new("bash");
        command.current_dir(&self.directory).env("COSIGN", &self.context.tools.cosign).env("COSIGN_PASSWORD", "");
        command.env("COSIGN_KEY", format!("{key}.pub")).env("SIGNING_KEY", format!("{key}.key"));
        output(command.args(["-c", &text]))
    }

    /// Checks that the script fails and says why.
    fn refuses(&self, what: &str, key: &str, script: &str, words: &str) -> anyhow::Result<()> {
        let refused = self.bash(key, script)?;
        ensure!(!refused.status.success(), "{what} is accepted");
        ensure!(both(&refused).contains(words), "{what} is refused without saying {words:?}: {}", both(&refused));
        Ok(())
    }
}

fn cosign(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let signing = Signing::new(context, "cosign")?;
    write(&signing.directory.join("web"), "a program\n")?;
    let signed = signing.bash("ours", "sign_blob web web.sigstore.json; sha256sum web | cut -d' ' -f1")?;
    ensure!(signed.status.success(), "{}", both(&signed));
    let digest = String::from_utf8_lossy(&signed.stdout).trim().to_owned();
    let fetch = |bundle: &str, digest: &str| {
        format!("fetch_binary aws amd64 web https://example.com/web {digest} https://example.com/{bundle}")
    };
    let good = signing.bash("ours", &fetch("web.sigstore.json", &digest))?;
    ensure!(good.status.success(), "a good signature is refused: {}", both(&good));
    let kept = signing.directory.join("artifacts/amd64/bin/web");
    ensure!(kept.is_file(), "the verified program is missing");

    let wrong_key = "does not verify with theirs.pub";
    signing.refuses("another key", "theirs", &fetch("web.sigstore.json", &digest), wrong_key)?;
    ensure!(!kept.exists(), "a program that did not verify was kept for the build");
    signing.refuses("no key", "nobodys", &fetch("web.sigstore.json", &digest), "or the path of a public key")?;
    signing.refuses(
        "a missing signature",
        "ours",
        &fetch("none.json", &digest),
        "cannot fetch https://example.com/none.json",
    )?;
    write(&signing.directory.join("web"), "A program\n")?;
    fs_err::remove_dir_all(signing.directory.join("artifacts"))?;
    signing.refuses("a changed byte", "ours", &fetch("web.sigstore.json", &digest), "is pinned")?;
    let changed = signing.bash("ours", "sha256sum web | cut -d' ' -f1")?;
    let changed = String::from_utf8_lossy(&changed.stdout).trim().to_owned();
    let unsigned = fetch("web.sigstore.json", &changed);
    signing.refuses("a changed byte with its digest", "ours", &unsigned, "does not verify with ours.pub")
}

fn attest(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let signing = Signing::new(context, "attest")?;
    let attest = "bash packer/runner/attest.sh web \"$PWD/reports\"";
    signing.refuses("a build without image", "ours", attest, "the build made no image")?;
    let reports = signing.directory.join("reports/amazon-ebs.amd64");
    fs_err::create_dir_all(&reports)?;
    write(&reports.join("manifest.json"), "{}")?;
    signing.refuses("a build without reports", "ours", attest, "sbom.cdx.json is missing or empty")?;
    for report in ["sbom.cdx.json", "trivy.json", "goss.json", "goss.xml", "boot.json"] {
        write(&reports.join(report), report)?;
    }
    let attested = signing.bash("ours", attest)?;
    ensure!(attested.status.success(), "{}", both(&attested));
    let verify = |key: &str| {
        let mut command = Command::new(&context.tools.cosign);
        command.current_dir(&reports).args(["verify-blob-attestation", "--insecure-ignore-tlog=true", "--key"]);
        command.arg(signing.directory.join(key)).args(["--type", fleetgen_images::ATTESTATION_TYPE]);
        output(command.args(["--bundle", "attestation.sigstore.json", "manifest.json"]))
    };
    let good = verify("ours.pub").context("cannot start cosign")?;
    ensure!(good.status.success(), "{}", both(&good));
    ensure!(!verify("theirs.pub")?.status.success(), "another key verifies");
    write(&reports.join("manifest.json"), "{ }")?;
    ensure!(!verify("ours.pub")?.status.success(), "a changed manifest verifies");
    Ok(())
}
