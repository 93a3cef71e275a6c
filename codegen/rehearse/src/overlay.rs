//! The overlay: the only difference between a rehearsal's template and production's. It sets how long to wait, and where and
//! as whom to ask Google; AWS is found through the environment. It edits the parsed template, and refuses to set anything
//! else.

use anyhow::{Context, bail};
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Body};
use similar::{ChangeTag, TextDiff};

use crate::world::Emulated as _;
use fleetgen_fleet::choice::Cloud;

/// Settings that may differ, by kind of source. `BLOCK.NAME` is a setting in a block.
const ALLOWED: &[(&str, &[&str])] = &[
    ("amazon-ebs", &["aws_polling.delay_seconds", "ssh_timeout", "ssh_read_write_timeout"]),
    (
        "googlecompute",
        &["custom_endpoints", "access_token", "iap_tunnel_launch_wait", "ssh_timeout", "ssh_read_write_timeout"],
    ),
];

/// A kind of source, a setting, and its value in HCL.
pub(crate) type Setting = (&'static str, &'static str, String);

/// The overlay's settings, and others that are the same for both kinds of sources.
pub(crate) fn settings(others: &[(&'static str, &'static str)]) -> Vec<Setting> {
    let text = |value: &str| format!("{value:?}");
    let google = |service: &str| format!("\"http://{}/{service}/\"", Cloud::Gcp.endpoint());
    let endpoints = format!(
        "{{ compute = {}, oauth2 = {}, oslogin = {} }}",
        google("compute/v1"),
        google("oauth2"),
        google("oslogin")
    );
    let mut settings = vec![
        ("amazon-ebs", "aws_polling.delay_seconds", "1".to_owned()),
        ("googlecompute", "iap_tunnel_launch_wait", "2".to_owned()),
        ("googlecompute", "access_token", text("rehearsal")),
        ("googlecompute", "custom_endpoints", endpoints),
    ];
    for (setting, value) in others {
        settings.extend(["amazon-ebs", "googlecompute"].map(|kind| (kind, *setting, text(value))));
    }
    settings
}

/// Applies settings to a template. Returns it with the lines that differ.
///
/// # Errors
/// The template does not parse, or a setting is not allowed to differ.
pub(crate) fn lay(template: &str, settings: &[Setting]) -> anyhow::Result<(String, Vec<String>)> {
    let mut body: Body = template.parse()?;
    for (kind, setting, value) in settings {
        let is_allowed = ALLOWED.iter().any(|(known, names)| known == kind && names.contains(setting));
        if !is_allowed {
            bail!("a rehearsal may not change {setting} of {kind}");
        }
        let value: Expression = value.parse().with_context(|| format!("{setting} of {kind}"))?;
        let mut is_set = false;
        for source in
            body.get_blocks_mut("source").filter(|block| block.labels.first().is_some_and(|l| l.as_str() == *kind))
        {
            match setting.split_once('.') {
                None => {
                    set(&mut source.body, setting, value.clone());
                    is_set = true;
                }
                Some((block, name)) => {
                    for inner in source.body.get_blocks_mut(block) {
                        set(&mut inner.body, name, value.clone());
                        is_set = true;
                    }
                }
            }
        }
        if !is_set {
            bail!("the template has no {kind} in which to set {setting}");
        }
    }
    let laid = body.to_string();
    let diff = TextDiff::from_lines(template, &laid);
    let changed = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal);
    let changed = changed.map(|change| format!("{} {}", change.tag(), change.value().trim())).collect();
    Ok((laid, changed))
}

fn set(body: &mut Body, name: &str, mut value: Expression) {
    if let Some(mut attribute) = body.get_attribute_mut(name) {
        std::mem::swap(attribute.value_mut(), &mut value);
        return;
    }
    let name = hcl_edit::Ident::new(name);
    let mut attribute = Attribute::new(hcl_edit::Decorated::new(name), value);
    hcl_edit::Decorate::decor_mut(&mut attribute).set_prefix("  ");
    body.insert(0, attribute);
}

#[cfg(test)]
mod tests {
    use super::lay;

    const TEMPLATE: &str = "\
source \"amazon-ebs\" \"amd64\" {
  # A comment.
  region        = \"ap-northeast-1\"
  ssh_interface = \"session_manager\"
  aws_polling {
    delay_seconds = 30
  }
}

source \"googlecompute\" \"amd64\" {
  iap_tunnel_launch_wait = 90
}
";

    #[test]
    fn only_what_is_named_changes() {
        let settings = [
            ("amazon-ebs", "ssh_timeout", "\"20s\"".to_owned()),
            ("amazon-ebs", "aws_polling.delay_seconds", "1".to_owned()),
            ("googlecompute", "iap_tunnel_launch_wait", "2".to_owned()),
        ];
        let (_, changed) = lay(TEMPLATE, &settings).unwrap();
        let wanted = [
            "+ ssh_timeout = \"20s\"",
            "- delay_seconds = 30",
            "+ delay_seconds = 1",
            "- iap_tunnel_launch_wait = 90",
            "+ iap_tunnel_launch_wait = 2",
        ];
        assert_eq!(changed, wanted);
    }

    #[test]
    fn nothing_else_may_be_touched() {
        for setting in
            ["ssh_interface", "associate_public_ip_address", "run_tags", "metadata_options.http_tokens", "tags"]
        {
            let error = lay(TEMPLATE, &[("amazon-ebs", setting, "true".to_owned())]).unwrap_err();
            assert!(error.to_string().contains("may not change"), "{error}");
        }
    }
}
