//! The languages that templates are written in: one module each, with the one function that quotes a value in it.

pub(crate) mod hcl;
pub(crate) mod packer;
pub(crate) mod shell;
pub(crate) mod sysctl;
pub(crate) mod systemd;
pub(crate) mod yaml;

use serde::Serialize;
use tera::{Context, EscapeFn, Tera};

use crate::EmitError;

/// Templates of one language.
pub(crate) struct Templates(Tera);

impl Templates {
    /// Takes templates, by name, and how their language quotes a value. Every `{{ … }}` is quoted.
    pub(crate) fn new(escape: EscapeFn, templates: &[(&'static str, &'static str)]) -> Result<Self, EmitError> {
        let mut tera = Tera::new();
        tera.set_escape_fn(escape);
        let names: Vec<&str> = templates.iter().map(|(name, _)| *name).collect();
        tera.autoescape_on(names);
        tera.add_raw_templates(templates.iter().copied())
            .map_err(|error| EmitError { path: "templates".to_owned(), message: error.to_string() })?;
        Ok(Self(tera))
    }

    /// Renders a template for the file at `path`.
    pub(crate) fn render(&self, path: &str, template: &str, values: &impl Serialize) -> Result<String, EmitError> {
        Context::from_serialize(values)
            .and_then(|context| self.0.render(template, &context))
            .map_err(|error| EmitError { path: path.to_owned(), message: error.to_string() })
    }

    /// The names that a template takes from outside.
    #[cfg(test)]
    pub(crate) fn variables(&self, template: &str) -> Vec<&str> {
        self.0.get_template_variables(template).unwrap().into_iter().collect()
    }
}
