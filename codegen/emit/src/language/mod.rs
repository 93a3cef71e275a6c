//! The languages that templates are written in: one module each, with the one function that escapes a value in it.

mod hcl;
mod packer;
mod shell;
mod squid;
mod sysctl;
mod systemd;
mod text;
mod workflow;
mod yaml;

#[cfg(test)]
use std::io;
#[cfg(test)]
use std::io::Write;

use fleetgen_fleet::scalar::{Duration, Gibibytes, Percent, Port, PortRange};
use fleetgen_tree::{File, Origin, Subject};
use serde::Serialize;
use tera::{Context, Delimiters, Kwargs, State, Tera, TeraResult, Value};

use crate::EmitError;

pub(crate) use hcl::align;
pub(crate) use systemd::argument;

/// A language, with its escaping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// HCL, as Terraform reads it.
    Hcl,
    /// HCL, as Packer reads it.
    Packer,
    /// Bash.
    Shell,
    /// Squid's configuration.
    Squid,
    /// Files of sysctl.d.
    Sysctl,
    /// Unit files of systemd.
    Systemd,
    /// YAML, as GitHub Actions reads it. Its templates have `[[ … ]]`, since `{{ … }}` is GitHub's.
    Workflow,
    /// YAML, as Goss and Trivy read it.
    Yaml,
}

impl Language {
    /// Every language.
    #[cfg(test)]
    pub(crate) const ALL: &[Self] =
        &[Self::Hcl, Self::Packer, Self::Shell, Self::Squid, Self::Sysctl, Self::Systemd, Self::Workflow, Self::Yaml];

    /// Escapes a value, so that it cannot end where it is.
    #[cfg(test)]
    pub(crate) fn escape(self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        self.escape_fn()(text, out)
    }

    fn escape_fn(self) -> tera::EscapeFn {
        match self {
            Self::Hcl => hcl::escape,
            Self::Packer => packer::escape,
            Self::Shell => shell::escape,
            Self::Squid => squid::escape,
            Self::Sysctl => sysctl::escape,
            Self::Systemd => systemd::escape,
            Self::Workflow => workflow::escape,
            Self::Yaml => yaml::escape,
        }
    }
}

/// Templates of one language.
pub(crate) struct Templates {
    tera: Tera,
    language: Language,
}

impl Templates {
    /// Takes templates by name. Every `{{ … }}` is escaped by the language.
    pub(crate) fn new(language: Language, templates: &[(&'static str, &'static str)]) -> Result<Self, EmitError> {
        let mut tera = Tera::new();
        if matches!(language, Language::Workflow) {
            tera.set_delimiters(Delimiters {
                block_start: "[%".into(),
                block_end: "%]".into(),
                variable_start: "[[".into(),
                variable_end: "]]".into(),
                comment_start: "[#".into(),
                comment_end: "#]".into(),
            })
            .map_err(|error| EmitError::fault("templates", error.to_string()))?;
        }
        tera.set_escape_fn(language.escape_fn());
        tera.autoescape_on(templates.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        // Quantities are shown as fleet.yaml writes them; files need the number.
        tera.register_filter("seconds", |text: &str, _: Kwargs, _: &State<'_>| {
            number(text, |Duration { seconds }| seconds)
        });
        tera.register_filter("gib", |text: &str, _: Kwargs, _: &State<'_>| number(text, |Gibibytes(size)| size));
        tera.register_filter("first", |range: &Value, _: Kwargs, _: &State<'_>| port(range, |range| range.first));
        tera.register_filter("last", |range: &Value, _: Kwargs, _: &State<'_>| port(range, |range| range.last));
        tera.register_filter("percent", |text: &str, _: Kwargs, _: &State<'_>| number(text, |Percent(share)| share));
        tera.add_raw_templates(templates.iter().copied())
            .map_err(|error| EmitError::fault("templates", error.to_string()))?;
        Ok(Self { tera, language })
    }

    /// Renders a template to the file at `path`.
    pub(crate) fn file(
        &self,
        path: String,
        subject: Subject,
        template: &str,
        values: &impl Serialize,
    ) -> Result<File, EmitError> {
        let content = self.text(&path, template, values)?;
        Ok(File { path, content, subject, origin: Origin::Rendered })
    }

    /// Renders a template to the text of the file at `path`.
    pub(crate) fn text(&self, path: &str, template: &str, values: &impl Serialize) -> Result<String, EmitError> {
        let text = Context::from_serialize(values)
            .and_then(|context| self.tera.render(template, &context))
            .map_err(|error| EmitError::fault(path, error.to_string()))?;
        Ok(match self.language {
            Language::Hcl | Language::Packer => align(&text),
            Language::Shell
            | Language::Squid
            | Language::Sysctl
            | Language::Systemd
            | Language::Workflow
            | Language::Yaml => text,
        })
    }

    /// The names that a template takes from outside.
    #[cfg(test)]
    pub(crate) fn variables(&self, template: &str) -> Vec<&str> {
        self.tera.get_template_variables(template).unwrap().into_iter().collect()
    }
}

/// The number in a quantity of fleet.yaml.
fn number<T: TryFrom<String>>(text: &str, number: impl FnOnce(T) -> u32) -> TeraResult<u32> {
    let quantity =
        T::try_from(text.to_owned()).map_err(|_| tera::Error::message(format!("{text} is not a quantity")))?;
    Ok(number(quantity))
}

/// A port of a range, which is a number if it is a single one.
fn port(range: &Value, port: impl FnOnce(PortRange) -> Port) -> TeraResult<u32> {
    let range = PortRange::try_from(range.to_string()).map_err(|_| tera::Error::message("not a range of ports"))?;
    Ok(port(range).get().into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(language: Language, text: &str) -> String {
        let mut out = Vec::new();
        language.escape(text, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Text that has broken out of something before, in some language.
    const HOSTILE: &[&str] = &[
        "${",
        "}",
        "%{",
        "$",
        "%",
        "$${",
        "\"",
        "'",
        "\\",
        "\n",
        "\t",
        "\r",
        "ok\r[Service]\rExecStartPre=+/bin/evil",
        "EOT",
        "\nEOT\n",
        "$(id)",
        "`id`",
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "\u{200b}",
        "\u{202e}",
        "\u{2028}",
        "\u{feff}",
        "\u{e0041}",
        "#",
        "//",
        "/*",
        "\u{85}",
        "\u{0}",
        "\u{1b}[31m",
        "\u{7f}",
        "\u{9b}",
    ];

    proptest! {
        /// A value stays on its line in every language. Where the language has escapes for them, no hidden character is left.
        #[test]
        fn no_hidden_character_survives(pieces in prop::collection::vec(
            prop_oneof!["\\PC{1,8}", prop::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned)], 1..12,
        )) {
            let text = pieces.concat();
            for language in Language::ALL {
                let escaped = escaped(*language, &text);
                let hidden = escaped.chars().find(|character| match language {
                    // Single quotes hold any character in bash, and a newline in them is part of the value.
                    Language::Shell => character.is_control() && !matches!(character, '\n' | '\t'),
                    Language::Sysctl => character.is_control(),
                    Language::Hcl
                    | Language::Packer
                    | Language::Squid
                    | Language::Systemd
                    | Language::Workflow
                    | Language::Yaml => text::is_hidden(*character),
                });
                prop_assert_eq!(hidden, None, "{:?}: {:?}", language, escaped);
            }
        }
    }
}
