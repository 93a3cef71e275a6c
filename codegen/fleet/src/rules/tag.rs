//! Tags (AWS) and labels (GCP).

use fleetgen_problem::{Code, Problem, Span};

use super::Problems;
use crate::choice::Cloud;
use crate::draft::{Draft, GroupDraft};

/// Keys that fleetgen sets itself on every resource.
const OWN: &[&str] = &["Name", "environment", "fleet", "group", "layer"];
/// Keys that it sets on images as well.
const OF_IMAGES: &[&str] = &["architecture", "commit", "key", "os", "parent"];

/// Keys and values follow the cloud's rules, and do not replace fleetgen's own.
///
/// AWS: 50 tags; letters, digits, spaces and `_ . : / = + - @`; not `aws:`. GCP: 64 labels; keys `[a-z][a-z0-9_-]{0,62}`,
/// values `[a-z0-9_-]{0,63}`.
pub(super) fn tags(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let cloud = group.cloud();
    for (key, value) in &group.tags {
        let inherited = draft.tags.get(key) == Some(value);
        let at = if inherited { fleet_tags(draft, key.as_str()) } else { None };
        let at = at.unwrap_or_else(|| group.origins.span(&format!("tags.{key}")));
        let problem = if OWN.iter().chain(OF_IMAGES).any(|own| own.eq_ignore_ascii_case(key.as_str())) {
            Some((format!("fleetgen sets the tag `{key}` itself"), "choose another key"))
        } else {
            match cloud {
                Cloud::Aws => aws(key.as_str(), value.as_str()),
                Cloud::Gcp => gcp(key.as_str(), value.as_str()),
            }
        };
        if let Some((message, hint)) = problem {
            problems.push(Problem::new(Code::Tag, at, message).hint(hint));
        }
    }
    let most = match cloud {
        Cloud::Aws => 50,
        Cloud::Gcp => 64,
    };
    let count = group.tags.len() + OWN.len();
    if count > most {
        problems.push(Problem::new(
            Code::Tag,
            group.origins.span("tags"),
            format!("{count} tags, including the fleet's and fleetgen's own; {} allows {most}", cloud.title()),
        ));
    }
}

fn fleet_tags(draft: &Draft<'_>, key: &str) -> Option<Span> {
    let tags = draft.file.fleet.get()?.tags.as_ref()?.get()?;
    tags.0.iter().find(|(known, _)| known.get().is_some_and(|known| known.as_str() == key)).map(|(_, value)| value.span)
}

fn aws(key: &str, value: &str) -> Option<(String, &'static str)> {
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Some((format!("the tag `{key}` starts with `aws:`, which AWS reserves"), "choose another key"));
    }
    if key.contains('/') {
        return Some((
            format!(
                "the tag `{key}` contains `/`: EC2 refuses to start machines with it, since the metadata service lists tags by key"
            ),
            "use letters, digits and `_ . : = + - @`",
        ));
    }
    let allowed = |character: char| character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character);
    (!value.chars().all(allowed)).then(|| {
        (
            format!("AWS does not allow the value `{value}` of the tag `{key}`"),
            "use letters, digits, spaces and `_ . : / = + - @`",
        )
    })
}

fn gcp(key: &str, value: &str) -> Option<(String, &'static str)> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if key.len() > 63 || !key.starts_with(|first: char| first.is_ascii_lowercase()) || !key.bytes().all(allowed) {
        return Some((
            format!("GCP does not allow the label key `{key}`"),
            "use up to 63 lower-case letters, digits, `_` and `-`; start with a letter",
        ));
    }
    (value.len() > 63 || !value.bytes().all(allowed)).then(|| {
        (
            format!("GCP does not allow the value `{value}` of the label `{key}`"),
            "use up to 63 lower-case letters, digits, `_` and `-`",
        )
    })
}
