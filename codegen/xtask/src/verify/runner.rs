//! Functions of the scripts, without a machine: which kernels are old, and what a runner lacks.

use std::path::Path;
use std::process::Command;

use anyhow::ensure;

use super::{Check, CheckContext};
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::{both, output, run};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("scripts: old kernels are found by name", old_kernels),
        Check::new("scripts: a runner without a tool is told before a build", preflight),
    ]
}

/// The running kernel, lines of dpkg-query, and the packages that are old.
const KERNELS: &[(&str, &[&str], &[&str])] = &[
    (
        "6.8.0-1021-aws",
        &[
            "installed linux-image-6.8.0-1021-aws",
            "installed linux-image-6.8.0-1018-aws",
            "config-files linux-modules-6.8.0-1015-aws",
            "not-installed linux-image-6.8.0-1010-aws",
            "installed linux-aws-headers-6.8.0-1018",
            "installed linux-headers-6.8.0-1021-aws",
            "installed linux-modules-nvidia-580-server-open-6.8.0-1018-aws",
            "installed linux-modules-nvidia-580-server-open-aws",
            "installed linux-libc-dev",
        ],
        &[
            "linux-image-6.8.0-1018-aws",
            "linux-modules-6.8.0-1015-aws",
            "linux-aws-headers-6.8.0-1018",
            "linux-modules-nvidia-580-server-open-6.8.0-1018-aws",
        ],
    ),
    (
        "6.1.0-41-cloud-amd64",
        &["installed linux-image-6.1.0-38-cloud-amd64", "installed linux-image-6.1.0-41-cloud-amd64"],
        &["linux-image-6.1.0-38-cloud-amd64"],
    ),
    (
        "6.12.48+deb13-cloud-amd64",
        &["installed linux-image-6.12.43+deb13-cloud-amd64", "installed linux-image-6.12.48+deb13-cloud-amd64"],
        &["linux-image-6.12.43+deb13-cloud-amd64"],
    ),
];

fn old_kernels(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let lib = context.root.join("packer/scripts/lib.sh");
    for (running, packages, old) in KERNELS {
        let script = "DIRECTORY=/nonexistent; . \"$1\"; printf '%s\\n' \"${@:3}\" | old_kernels \"$2\"";
        let mut bash = Command::new("bash");
        let found = run(bash.args(["-euc", script, "_"]).arg(&lib).arg(running).args(*packages))?;
        ensure!(found.lines().eq(old.iter().copied()), "with {running}, these are old: {found}");
    }
    Ok(())
}

fn preflight(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let folder = context.sandbox.path("preflight");
    let bin = folder.join("bin");
    fs_err::create_dir_all(&bin)?;
    for tool in ["packer", "tar", "curl", "sort", "head", "dirname"] {
        put(&bin, tool, "exec /usr/bin/$(basename \"$0\") \"$@\"")?;
    }
    let said = |cloud: &str| -> anyhow::Result<String> {
        let script = "repository=$1; . \"$1/packer/runner/lib.sh\"; \"preflight_$2\" ap-northeast-1 && echo ready";
        let mut bash = Command::new("/usr/bin/bash");
        bash.env_clear().env("PATH", &bin).args(["-uc", script, "_"]).arg(context.root).arg(cloud);
        Ok(both(&output(&mut bash)?))
    };
    let expect = |cloud: &str, words: &str| {
        let said = said(cloud)?;
        ensure!(said.contains(words), "it should say {words:?}, but says: {said}");
        Ok(())
    };
    expect("aws", "cosign is missing: packer/runner/install-tools.sh installs it")?;
    put(&bin, "cosign", "exit 0")?;
    expect("aws", "aws is missing: packer/runner/install-tools.sh installs it")?;
    put(&bin, "aws", "exit 1")?;
    expect("aws", "session-manager-plugin is missing: packer/runner/install-tools.sh")?;
    put(&bin, "session-manager-plugin", "echo 1.2.688.0")?;
    expect("aws", "session-manager-plugin is version 1.2.688.0; Packer needs 1.2.694.0 or later")?;
    put(&bin, "session-manager-plugin", "echo 1.2.835.0")?;
    expect("aws", "AWS accepts no credentials of this machine")?;
    put(&bin, "aws", "exit 0")?;
    expect("aws", "ready")?;
    expect("gcp", "gcloud is missing: packer/runner/install-tools.sh")?;
    put(&bin, "gcloud", "exit 1")?;
    expect("gcp", "OS Login has no profile")?;
    put(&bin, "gcloud", "exit 0")?;
    expect("gcp", "ready")
}

fn put(folder: &Path, name: &str, script: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    write(&path, &format!("#!/usr/bin/bash\nPATH=/usr/bin:/bin\n{script}\n"))?;
    run(Command::new("chmod").arg("0755").arg(path)).map(|_| ())
}
