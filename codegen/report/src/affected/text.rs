//! The change for a terminal.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use fleetgen_affected::RiskKind;

use super::AffectedReport;
use crate::{count, inert};

impl AffectedReport<'_> {
    /// The change for a terminal, in colour.
    pub fn text(&self) -> String {
        let page = self.page(usize::MAX);
        let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
        let mut text = format!("{bold}{}{bold:#}\n", page.headline);
        let title = |text: &mut String, name: &str| {
            let _ = writeln!(text, "\n{bold}{name}{bold:#}");
        };
        if !page.risks.rows.is_empty() {
            title(&mut text, "Look at first");
            for (row, risk) in page.risks.rows.iter().zip(&self.affected.risks) {
                let color = color(risk.kind);
                let place = row.place.as_ref().map(|place| format!("  {dim}{place}{dim:#}")).unwrap_or_default();
                let _ = writeln!(text, "  {color}{:<13}{color:#}  {}: {}{place}", row.kind, row.about, inert(row.what));
            }
        }
        if !page.layers.rows.is_empty() {
            title(&mut text, "Layers");
            for row in &page.layers.rows {
                let indent = "  ".repeat(row.depth + 1);
                let _ = writeln!(text, "{indent}{bold}{}{bold:#} {}  {}", row.name, row.keys, inert(&row.why));
                for build in &row.builds {
                    let _ = writeln!(text, "{indent}  build  {build}");
                }
                if !row.groups.is_empty() {
                    let _ = writeln!(text, "{indent}  {dim}groups {}{dim:#}", row.groups);
                }
            }
        }
        if !page.recorded.rows.is_empty() {
            title(&mut text, "Images recorded");
            for row in &page.recorded.rows {
                let _ = writeln!(text, "  {}", row.title);
                for line in &row.lines {
                    let _ = writeln!(text, "    {}", inert(line));
                }
            }
        }
        if !page.groups.rows.is_empty() {
            title(&mut text, "Groups");
            for row in &page.groups.rows {
                let notes: Vec<&str> =
                    [row.terraform.as_str(), &row.image].into_iter().filter(|note| !note.is_empty()).collect();
                let (name, environment, network) = (row.name, row.environment, row.network);
                let _ = writeln!(text, "  {name}  {dim}{environment}, {network}{dim:#}  {}", notes.join("; "));
                for setting in &row.settings {
                    let _ = writeln!(text, "    {}", inert(setting));
                }
            }
        }
        if page.rolled > 0 {
            let _ = writeln!(text, "\n{} only get the new image of their layer", count(page.rolled, "group"));
        }
        if !page.roots.rows.is_empty() {
            title(&mut text, "Terraform roots");
            for row in &page.roots.rows {
                let _ = writeln!(text, "  {}  {}  {dim}{}{dim:#}", row.name, row.change, inert(&row.why));
            }
        }
        if !page.files.rows.is_empty() {
            title(&mut text, "Other files");
            for (change, path) in &page.files.rows {
                let _ = writeln!(text, "  {change}  {}", inert(path));
            }
        }
        text
    }
}

fn color(kind: RiskKind) -> Style {
    match kind {
        RiskKind::Destroyed | RiskKind::Replaced => AnsiColor::Red.on_default().bold(),
        RiskKind::Capacity | RiskKind::Exposure => AnsiColor::Yellow.on_default().bold(),
        RiskKind::Protection | RiskKind::Ignored => AnsiColor::Magenta.on_default().bold(),
    }
}
