//! The templates of layers.

use std::sync::LazyLock;

use fleetgen_fleet::Layer;
use fleetgen_tree::{File, Subject};
use serde::Serialize;

use crate::EmitError;
use crate::language::{Language, Templates};

/// The text of the build template, which a layer's key covers.
pub(super) const BUILD: &str = include_str!("templates/build.pkr.hcl.tera");

/// Templates of one language.
pub(super) struct Renderer(LazyLock<Result<Templates, String>>);

macro_rules! renderer {
    ($(#[doc = $doc:literal])+ $name:ident, $language:expr, [$($template:literal => $text:expr),+]) => {
        $(#[doc = $doc])+
        pub(super) static $name: Renderer = Renderer(LazyLock::new(|| {
            Templates::new($language, &[$(($template, $text)),+]).map_err(|error| error.to_string())
        }));
    };
}

renderer! {
    /// The Packer template.
    PACKER, Language::Packer, ["build.pkr.hcl" => BUILD]
}
renderer! {
    /// Scripts.
    SHELL, Language::Shell, [
        "layer.sh" => include_str!("templates/layer.sh.tera"),
        "sources.sh" => include_str!("templates/sources.sh.tera"),
        "fetch.sh" => include_str!("templates/fetch.sh.tera"),
        "keys.sh" => include_str!("templates/keys.sh.tera")
    ]
}
renderer! {
    /// What Goss and Trivy read.
    YAML, Language::Yaml, [
        "goss.yaml" => include_str!("templates/goss.yaml.tera"),
        "trivyignore.yaml" => include_str!("templates/trivyignore.yaml.tera"),
        "programs.tpl" => include_str!("templates/programs.tpl.tera")
    ]
}
renderer! {
    /// Units of systemd.
    UNITS, Language::Systemd, [
        "unit.service" => include_str!("templates/unit.service.tera"),
        "unit.timer" => include_str!("templates/unit.timer.tera"),
        "drop-in.conf" => include_str!("templates/drop-in.conf.tera")
    ]
}
renderer! {
    /// Kernel settings.
    SETTINGS, Language::Sysctl, ["sysctl.conf" => include_str!("templates/sysctl.conf.tera")]
}

impl Renderer {
    fn templates(&self) -> Result<&Templates, EmitError> {
        self.0.as_ref().map_err(|message| EmitError::fault("templates", message))
    }

    /// Renders a template to a file of a layer.
    pub(super) fn file(
        &self,
        layer: &Layer,
        path: String,
        template: &str,
        values: &impl Serialize,
    ) -> Result<File, EmitError> {
        self.templates()?.file(path, subject(layer), template, values)
    }

    /// Renders a template to a file of the fleet.
    pub(super) fn fleet_file(&self, path: &str, template: &str, values: &impl Serialize) -> Result<File, EmitError> {
        self.templates()?.file(path.to_owned(), Subject::Fleet, template, values)
    }

    /// Renders a template to a text.
    pub(super) fn text(&self, path: &str, template: &str, values: &impl Serialize) -> Result<String, EmitError> {
        self.templates()?.text(path, template, values)
    }
}

/// What the files of a layer are about.
pub(super) fn subject(layer: &Layer) -> Subject {
    Subject::Layer(layer.name.to_string())
}
