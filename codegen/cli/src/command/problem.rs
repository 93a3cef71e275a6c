//! `fleetgen problem`.

use fleetgen_problem::{Code, suggest_or_list};
use serde_json::json;

use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::ui::Ui;

/// docs/problems.md, so that the command and the page cannot differ.
const PAGE: &str = include_str!("../../../../docs/problems.md");

/// Explain the code of a problem, or list all codes
///
/// For error[machine], run `fleetgen problem machine`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The code, as messages show it in brackets
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(crate) fn run(args: &Args, ui: &mut Ui) -> Outcome {
    use crate::arguments::Format;
    match (&args.code, ui.format) {
        (None, Format::Json) => {
            let codes: Vec<_> =
                Code::ALL.iter().map(|code| json!({ "code": code.as_str(), "summary": code.summary() })).collect();
            ui.json(json!({ "codes": codes }))?;
        }
        (None, Format::Human | Format::Github) => {
            let width = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or(0);
            let lines = Code::ALL.iter().map(|code| format!("{:<width$}  {}\n", code.as_str(), code.summary()));
            ui.print(&lines.collect::<String>())?;
        }
        (Some(name), format) => {
            let code = Code::ALL.iter().find(|code| code.as_str() == name).ok_or_else(|| {
                let hint = suggest_or_list(name, Code::ALL.iter().map(|code| code.as_str()));
                let hint = hint.unwrap_or_else(|| "`fleetgen problem` lists all codes".to_owned());
                Failure::usage(format!("there is no problem code `{name}`"), Some(hint))
            })?;
            match format {
                Format::Json => {
                    let entry = json!({ "code": name, "summary": code.summary(), "fix": code.fix() });
                    ui.json(entry)?;
                }
                Format::Human | Format::Github => ui.print(&section(name))?,
            }
        }
    }
    Ok(Exit::Ok)
}

/// The section of the page about a code.
fn section(code: &str) -> String {
    let heading = format!("\n## {code}\n");
    let section = PAGE.split_once(&heading).map_or("", |(_, after)| after);
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    format!("{code}\n\n{}\n", section.trim())
}
