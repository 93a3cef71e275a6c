//! Tags (AWS) and labels (GCP).

use super::Found;
use crate::choice::Cloud;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Group;
use crate::resolve::Draft;

/// Keys that fleetgen sets itself on every resource.
pub(crate) const OWN: &[&str] = &["Name", "environment", "fleet", "group", "layer"];

/// Keys and values are such as the cloud takes, and leave fleetgen's own alone.
///
/// AWS: 50 tags; letters, digits, spaces and `_ . : / = + - @`; not `aws:`. GCP: 64 labels; keys `[a-z][a-z0-9_-]{0,62}`,
/// values `[a-z0-9_-]{0,63}`.
pub(super) fn tags(draft: &Draft<'_>, group: &Group, found: &mut Found) {
    let cloud = group.cloud();
    for (key, value) in &group.tags {
        let inherited = draft.tags.get(key) == Some(value);
        let at = if inherited { fleet_tags(draft, key.as_str()) } else { None };
        let at = at.unwrap_or_else(|| group.origins.span("tags"));
        let problem = if OWN.iter().any(|own| own.eq_ignore_ascii_case(key.as_str())) {
            Some((format!("fleetgen sets `{key}` itself"), "choose another key"))
        } else {
            match cloud {
                Cloud::Aws => aws(key.as_str(), value.as_str()),
                Cloud::Gcp => gcp(key.as_str(), value.as_str()),
            }
        };
        if let Some((message, hint)) = problem {
            found.push(Diagnostic::new(Rule::Tag, at, message).hint(hint));
        }
    }
    let most = match cloud {
        Cloud::Aws => 50,
        Cloud::Gcp => 64,
    };
    let count = group.tags.len() + OWN.len();
    if count > most {
        found.push(Diagnostic::new(
            Rule::Tag,
            group.origins.span("tags"),
            format!("{count} tags, with those of the fleet and of fleetgen; {cloud} takes {most}"),
        ));
    }
}

fn fleet_tags(draft: &Draft<'_>, key: &str) -> Option<crate::source::Span> {
    let tags = draft.file.fleet.get()?.tags.as_ref()?.get()?;
    tags.0.iter().find(|(known, _)| known.get().is_some_and(|known| known.as_str() == key)).map(|(_, value)| value.span)
}

fn aws(key: &str, value: &str) -> Option<(String, &'static str)> {
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Some((format!("the tag `{key}` starts with `aws:`, which AWS keeps for itself"), "choose another key"));
    }
    if key.contains('/') {
        return Some((
            format!(
                "the tag `{key}` has a `/`, and no machine would start: its metadata service shows tags by their keys"
            ),
            "use letters, digits and `_ . : = + - @`",
        ));
    }
    let allowed = |character: char| character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character);
    (!value.chars().all(allowed)).then(|| {
        (
            format!("AWS refuses the value `{}` of the tag `{key}`", value.escape_debug()),
            "letters, digits, spaces and `_ . : / = + - @`",
        )
    })
}

fn gcp(key: &str, value: &str) -> Option<(String, &'static str)> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if key.len() > 63 || !key.starts_with(|first: char| first.is_ascii_lowercase()) || !key.bytes().all(allowed) {
        return Some((
            format!("GCP refuses the label key `{key}`"),
            "up to 63 lower-case letters, digits, `_` and `-`; start with a letter",
        ));
    }
    (value.len() > 63 || !value.bytes().all(allowed)).then(|| {
        (
            format!("GCP refuses the value `{}` of the label `{key}`", value.escape_debug()),
            "up to 63 lower-case letters, digits, `_` and `-`",
        )
    })
}
