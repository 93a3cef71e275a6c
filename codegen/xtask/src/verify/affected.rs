//! What `fleetgen roots --since` says of a change is what Terraform plans.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use fleetgen_toolbox::files::{copy, write};
use fleetgen_toolbox::process::{both, output};
use rayon::prelude::*;
use serde_json::Value;

use super::clone::Clone;
use super::sandbox::STATE;
use super::{Check, CheckContext};

/// A file, a text in it, and what replaces that; with no text, it is appended.
type Edit = (&'static str, &'static str, &'static str);

/// Changes of the rehearsal's fleet. Of those in the second list, Terraform sees nothing.
const EDITS: &[Edit] = &[
    ("fleet.yaml", "size: { min: 1, max: 2 }", "size: { min: 1, max: 3 }"),
    ("fleet.yaml", "machine: n2-standard-2", "machine: n2-standard-4"),
    ("fleet.yaml", "    layer: web\n", "    layer: web\n    disk: { size: 40GiB }\n"),
    ("fleet.yaml", "    layer: web\n", "    layer: web\n    ports: [{ port: 8080, description: a test }]\n"),
    ("fleet.yaml", "machine: n2-standard-2 }", "machine: n2-standard-2, health: { port: 8080, path: /healthz } }"),
    ("fleet.yaml", "    layer: web\n", "    layer: web\n    rollout: { max_surge: 2 }\n"),
    ("fleet.yaml", "    layer: web\n", "    layer: web\n    gcp: { secure_boot: false }\n"),
    ("fleet.yaml", "    layer: web\n", "    layer: web\n    aws: { detailed_monitoring: true }\n"),
    ("fleet.yaml", "  owners: [", "  tags: { team: web }\n  owners: ["),
    ("fleet.yaml", "reason: packages }", "reason: packages }\n    - { domain: new.example.com, reason: a test }"),
    ("fleet.yaml", "run_as: ops", "run_as: ops\n  idle_timeout: 5m"),
    ("fleet.yaml", "cidr: 10.48.0.0/16", "cidr: 10.52.0.0/16"),
    ("fleet.yaml", "zones: [us-west-2a, us-west-2b]", "zones: [us-west-2a, us-west-2b, us-west-2c]"),
    ("fleet.yaml", "  web-oregon: { profile: web, network: aws-oregon, machine: m7i.large }\n", ""),
    ("fleet.yaml", "  web-tokyo: {", "  web-osaka: {"),
    RENAMED,
    (
        "fleet.yaml",
        "  web-gcp: {",
        "  more-gcp: { profile: web, network: gcp-tokyo, machine: n2-standard-2 }\n  web-gcp: {",
    ),
    ("terraform/modules/gcp-compute-group/main.tf", "Machines of ", "The machines of "),
];
const UNSEEN: &[Edit] = &[
    // An environment without groups.
    (
        "fleet.yaml",
        "  - { name: stg, approval: none }",
        "  - { name: stg, approval: none }\n  - { name: prod, approval: owners }",
    ),
    ("fleet.yaml", "packages: [jq]", "packages: [jq, tree]"),
    ("terraform/modules/aws-compute-group/README.md", "", "More.\n"),
];

/// A renamed group, of which nothing is destroyed.
const RENAMED: Edit =
    ("fleet.yaml", "  web-tokyo: {", "  web-osaka: { renamed_from: web-tokyo, resource_name: rehearsal-stg-web-tokyo,");

/// What changes a file, and not what Terraform does: without a scaling policy, a group on Google Cloud has no autoscaler, and so no largest
/// size.
const QUIET: &[(&str, &str)] = &[("size: { min: 1, max: 3 }", "gcp-tokyo/stg")];

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("affected: what Terraform plans", plans)]
}

fn plans(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let clone = Clone::new(context)?;
    let listed = |words: &[&str]| -> anyhow::Result<BTreeSet<String>> {
        let said: Value = serde_json::from_str(&clone.fleetgen(&[&["roots", "--format", "json"], words].concat())?)?;
        let roots = said["roots"].as_array().into_iter().flatten();
        Ok(roots.filter_map(|root| root["root"].as_str().map(str::to_owned)).collect())
    };
    let before: Vec<String> = listed(&[])?.into_iter().collect();
    // fleetgen refuses files that are not its own, so Terraform works on copies, at the same depth.
    write(&clone.path(".git/info/exclude"), "/applied\n/planned\n")?;
    before.par_iter().try_for_each(|root| {
        let directory = root_in(&clone.path("applied"), root);
        copy(&root_in(&clone.path("generated"), root), &directory)?;
        context.sandbox.apply(&directory)
    })?;
    for (file, from, to) in EDITS.iter().chain(UNSEEN) {
        clone.edit(file, from, to)?;
        let said = listed(&["--since", "HEAD"])?;
        clone.fleetgen(&["generate"])?;
        let all: Vec<String> = listed(&[])?.into_iter().collect();
        let changed = all.par_iter().map(|root| Ok((root.clone(), changes(context, &clone, root)?)));
        let changed: Vec<(String, Option<String>)> = changed.collect::<anyhow::Result<_>>()?;
        let plans: Vec<(String, String)> =
            changed.into_iter().filter_map(|(root, plan)| plan.map(|plan| (root, plan))).collect();
        let destroys = plans.iter().any(|(_, plan)| !plan.contains(" 0 to destroy"));
        let planned: BTreeSet<String> = plans.into_iter().map(|(root, _)| root).collect();
        let is_quiet = |root: &&String| !QUIET.contains(&(*to, root.as_str()));
        let expected: BTreeSet<String> = said.iter().filter(is_quiet).cloned().collect();
        ensure!(expected == planned, "after {to:?} in {file}: roots says {said:?}, and Terraform plans {planned:?}");
        let is_seen = EDITS.iter().any(|edit| edit == &(*file, *from, *to));
        ensure!(planned.is_empty() != is_seen, "{to:?} in {file} is not what this test takes it for");
        // The same rename without a fixed name destroys: it is the edit before.
        let renames = from == &RENAMED.1;
        ensure!(!renames || destroys != (*to == RENAMED.2), "{to:?}: destroyed is {destroys}");
        clone.git(&["reset", "--quiet", "--hard"])?;
        clone.git(&["clean", "--quiet", "-d", "--force"])?;
    }
    Ok(())
}

/// What Terraform would change, in its words; nothing if there is nothing to change.
fn changes(context: &CheckContext<'_>, clone: &Clone, root: &str) -> anyhow::Result<Option<String>> {
    let (directory, applied) = (root_in(&clone.path("planned"), root), root_in(&clone.path("applied"), root));
    if directory.exists() {
        fs_err::remove_dir_all(&directory)?;
    }
    copy(&root_in(&clone.path("generated"), root), &directory)?;
    if applied.exists() {
        fs_err::copy(applied.join(STATE), directory.join(STATE))?;
    }
    context.sandbox.init_local(&directory)?;
    let words = ["plan", "-input=false", "-lock=false", "-detailed-exitcode"];
    let done = output(&mut context.sandbox.terraform(&directory, &words))?;
    match done.status.code() {
        Some(0) => Ok(None),
        Some(2) => Ok(Some(both(&done))),
        _ => anyhow::bail!("{root} cannot be planned\n{}", both(&done)),
    }
}

/// The directory of a root below a folder of a repository.
fn root_in(folder: &Path, root: &str) -> PathBuf {
    folder.join("terraform").join(root)
}
