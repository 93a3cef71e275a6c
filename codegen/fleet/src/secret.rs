//! Secrets in the file. The whole text is searched, comments too, since Git keeps everything.

use std::sync::LazyLock;

use fleetgen_problem::{Code, Problem, SourceFile, Span};
use regex::Regex;

/// Formats that their issuers document, as in the rules of common secret scanners.
const FORMS: &[(&str, &str)] = &[
    ("an AWS access key id", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"),
    ("a Slack token", r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("a Google OAuth token", r"\bya29\.[A-Za-z0-9_-]{20,}"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"),
    ("a Stripe key", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}"),
    (
        "a secret",
        r#"(?i)(?:password|passwd|secret_?(?:access_?)?key|client_?secret|api_?key|auth_?token)["']?\s*[:=]\s*["']?[A-Za-z0-9+_=-][A-Za-z0-9/+_=-]{15,}"#,
    ),
    ("a password in a URL", r"\b[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@"),
    (
        "a secret",
        r#"\b[A-Z0-9_]*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_KEY|PRIVATE_KEY)["']?\s*[:=]\s*["']?[^\s"'/${}\[\]]{4,}"#,
    ),
];

/// Values that only name where a secret is.
const NAMES: &[&str] = &["arn:", "projects/", "ssm:", "name:"];

pub(crate) fn find(source: &SourceFile) -> Vec<Problem> {
    static PATTERNS: LazyLock<Vec<(&str, Regex)>> =
        LazyLock::new(|| FORMS.iter().filter_map(|(what, form)| Some((*what, Regex::new(form).ok()?))).collect());
    let mut problems = Vec::new();
    for (what, pattern) in PATTERNS.iter() {
        for hit in pattern.find_iter(source.text()) {
            if NAMES.iter().any(|name| hit.as_str().contains(name)) {
                continue;
            }
            let span = Span {
                start: u32::try_from(hit.start()).unwrap_or(u32::MAX),
                end: u32::try_from(hit.end()).unwrap_or(u32::MAX),
            };
            problems.push(
                Problem::new(Code::Secret, span, format!("this looks like {what}"))
                    .label("must not be in the repository")
                    .hint("write the name of the parameter that holds it instead, and rotate this one: Git keeps it"),
            );
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::FORMS;

    #[test]
    fn every_form_is_a_pattern() {
        for (what, form) in FORMS {
            assert!(regex::Regex::new(form).is_ok(), "{what}");
        }
    }
}
