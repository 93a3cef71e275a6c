//! Where output goes. Commands write here and nowhere else, so that `--quiet`, colours and closed pipes are handled once.

use std::io::{self, IsTerminal as _, Write};

use anstream::AutoStream;
use fleetgen_problem::{Problem, SourceFile, render, versioned};
use serde_json::Value;

use crate::arguments::{Format, Global};

pub(crate) struct Ui {
    out: AutoStream<io::Stdout>,
    err: AutoStream<io::Stderr>,
    quiet: bool,
    pub(crate) format: Format,
}

impl Ui {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            out: AutoStream::auto(io::stdout()),
            err: AutoStream::auto(io::stderr()),
            quiet: global.quiet,
            format: global.format,
        }
    }

    /// Whether a person reads the output and can answer.
    pub(crate) fn is_terminal(&self) -> bool {
        self.format == Format::Human && io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Asks a person a question. Only `y` and `yes` are yes.
    pub(crate) fn ask(&mut self, question: &str) -> io::Result<bool> {
        write!(self.err, "{question} [y/N] ")?;
        self.err.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "yes"))
    }

    /// Asks a person for a value; an empty answer is the default. Nothing if the input has ended.
    pub(crate) fn question(&mut self, question: &str, default: Option<&str>) -> io::Result<Option<String>> {
        let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
        write!(self.err, "{question}{shown}: ")?;
        self.err.flush()?;
        let mut answer = String::new();
        if io::stdin().read_line(&mut answer)? == 0 {
            return Ok(None);
        }
        let answer = answer.trim();
        Ok(Some(if answer.is_empty() { default.unwrap_or_default() } else { answer }.to_owned()))
    }

    /// Writes what the user asked for.
    pub(crate) fn print(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Writes an answer for programs: an object, with the version of its form. docs/json.md describes each.
    pub(crate) fn json(&mut self, answer: Value) -> io::Result<()> {
        self.print(&format!("{:#}\n", versioned(answer)))
    }

    /// Writes a line of additional information, unless `--quiet` is set.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        if self.quiet { Ok(()) } else { writeln!(self.err, "{text}") }
    }

    /// Writes a line that `--quiet` does not silence.
    pub(crate) fn warn(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.err, "{text}")
    }

    /// Writes problems. `source` is the file that their positions are in.
    pub(crate) fn problems(&mut self, problems: &[Problem], source: Option<&SourceFile>) -> io::Result<()> {
        let format = match self.format {
            Format::Human => {
                fleetgen_problem::Format::Human { color: self.err.current_choice() != anstream::ColorChoice::Never }
            }
            Format::Json => fleetgen_problem::Format::Json,
            Format::Github => fleetgen_problem::Format::Github,
        };
        self.err.write_all(render(problems, source, format).as_bytes())
    }
}
