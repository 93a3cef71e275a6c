//! Hostile text through real Terraform: the state must contain it exactly as fleet.yaml does.

use anyhow::{Context, ensure};
use serde_json::Value;

use super::sandbox::state;
use super::{Check, CheckContext};
use fleetgen_toolbox::files::write;

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("hostile text is inert in Terraform", hostile)]
}

/// Applies the file in the snapshot of the golden case `hostile`.
fn hostile(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let case = fs_err::read_to_string(context.root.join("tests/golden/hostile.yaml"))?;
    let rendered = fs_err::read_to_string(context.root.join("tests/golden/hostile.snap"))?;
    let (_, file) = rendered.split_once(".tf\n").context("the golden file names its path first")?;
    let directory = context.sandbox.path("hostile/terraform/gcp-tokyo/prod");
    fs_err::create_dir_all(&directory)?;
    write(&directory.join("web.tf"), file)?;
    let main = context.sandbox.path("generated/terraform/gcp-tokyo/prod/main.tf");
    fs_err::copy(main, directory.join("main.tf"))?;
    context.sandbox.apply(&directory)?;

    let state = state(&directory)?;
    let resources = state["resources"].as_array().context("a state has resources")?;
    let attribute = |kind: &str, pointer: &str| {
        let all = resources
            .iter()
            .filter(|resource| resource["type"] == kind)
            .filter_map(|resource| resource["instances"].as_array());
        all.flatten().filter_map(|instance| instance["attributes"].pointer(pointer)).cloned().collect::<Vec<_>>()
    };
    for (kind, pointer, key) in [
        ("google_compute_region_instance_template", "/instance_description", "    description: "),
        ("google_compute_firewall", "/description", "80, description: "),
        ("google_compute_health_check", "/http_health_check/0/request_path", "path: "),
    ] {
        let expected = quoted(&case, key)?;
        ensure!(attribute(kind, pointer).contains(&expected), "{kind}{pointer} is not {expected}");
    }
    let template = "google_compute_region_instance_template";
    let note = quoted(&case, "note: ")?;
    ensure!(attribute(template, "/metadata/note").contains(&note), "the metadata is not {note}");
    let user_data = attribute(template, "/metadata/user-data");
    let user_data = user_data.first().and_then(Value::as_str).context("there is no user data")?;
    let files: Value = serde_saphyr::from_str(user_data).context("the user data is no YAML")?;
    let written = quoted(&case, "content: ")?;
    let has = |content: &Value| {
        files["write_files"].as_array().is_some_and(|files| files.iter().any(|file| &file["content"] == content))
    };
    ensure!(has(&written), "cloud-init would not write {written}");
    ensure!(files.as_object().is_some_and(|keys| keys.len() == 1), "the user data has more than files: {files}");
    Ok(())
}

/// The quoted value of a key of the case. Its escapes are also JSON's.
fn quoted(case: &str, key: &str) -> anyhow::Result<Value> {
    let (_, rest) = case.split_once(key).with_context(|| format!("the case has no {key}"))?;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    Ok(values.next().context("there is no value")??)
}
