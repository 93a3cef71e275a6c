//! Where output goes. Commands write here and nowhere else, so that `--quiet`, colours and a closed pipe are dealt with
//! once.

use std::io::{self, Write};

use anstream::AutoStream;

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

    /// Writes what was asked for.
    pub(crate) fn print(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Writes a line that is good to know, and left out with `--quiet`.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        if self.quiet { Ok(()) } else { writeln!(self.err, "{text}") }
    }

    /// Writes what is wrong.
    pub(crate) fn problem(&mut self, text: &str) -> io::Result<()> {
        self.err.write_all(text.as_bytes())
    }

    /// Whether problems may be coloured; without colours on the stream, none are made.
    pub(crate) fn colors_problems(&self) -> bool {
        self.err.current_choice() != anstream::ColorChoice::Never
    }
}
