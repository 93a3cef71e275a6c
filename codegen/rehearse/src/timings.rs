//! How long each step took, as a table and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::Serialize;

/// How Packer's messages about slow steps start. The path of a script follows the first one.
const BEGINNINGS: &[&str] = &[
    "Provisioning with shell script: ",
    "Uploading ",
    "Downloading ",
    "Launching a source AWS instance",
    "Creating instance",
    "Waiting for SSH to become available",
    "Connected to SSH",
    "Stopping the source instance",
    "Waiting for the instance to stop",
    "Creating AMI ",
    "Deleting instance",
    "Creating image",
    "Terminating the source AWS instance",
];

/// A step of a rehearsal.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Step {
    pub(crate) rehearsal: String,
    /// A layer's source, or the rehearsal itself.
    pub(crate) subject: String,
    pub(crate) name: String,
    pub(crate) seconds: f64,
}

/// All steps, in the order in which they began.
#[derive(Debug, Default)]
pub(crate) struct Timings(Mutex<Vec<Step>>);

impl Timings {
    pub(crate) fn put(&self, rehearsal: &str, subject: &str, step: &str, time: Duration) {
        let (rehearsal, subject, step) = (rehearsal.to_owned(), subject.to_owned(), step.to_owned());
        if let Ok(mut steps) = self.0.lock() {
            steps.push(Step { rehearsal, subject, name: step, seconds: (time.as_secs_f64() * 10.0).round() / 10.0 });
        }
    }

    /// Runs `work` and records how long it took.
    pub(crate) fn time<T>(&self, rehearsal: &str, subject: &str, step: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.put(rehearsal, subject, step, start.elapsed());
        result
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        self.0.lock().map(|steps| steps.clone()).unwrap_or_default()
    }

    /// The steps of a rehearsal that took a second or more, with a sum for each subject with several.
    pub(crate) fn table(&self, rehearsal: &str) -> String {
        let mut text = String::new();
        let steps = self.steps();
        let ours = || steps.iter().filter(|step| step.rehearsal == rehearsal);
        let mut sums = BTreeMap::<&str, (u32, f64)>::new();
        for step in ours() {
            let sum = sums.entry(&step.subject).or_default();
            *sum = (sum.0 + 1, sum.1 + step.seconds);
            if step.seconds >= 1.0 {
                let _ = writeln!(text, "  {:<30} {:<44} {:>6.1} s", step.subject, step.name, step.seconds);
            }
        }
        for (subject, (_, seconds)) in sums.into_iter().filter(|(_, (steps, _))| *steps > 1) {
            let _ = writeln!(text, "  {subject:<30} {:<44} {seconds:>6.1} s", "in all");
        }
        text
    }
}

/// Times the steps of each source from Packer's output.
pub(crate) struct Follower<'a> {
    timings: &'a Timings,
    rehearsal: &'a str,
    layer: &'a str,
    running: BTreeMap<String, (String, Instant)>,
}

impl<'a> Follower<'a> {
    pub(crate) fn new(timings: &'a Timings, rehearsal: &'a str, layer: &'a str) -> Self {
        let before = ("build.sh".to_owned(), ("fetch and verify".to_owned(), Instant::now()));
        Self { timings, rehearsal, layer, running: BTreeMap::from([before]) }
    }

    /// Takes a line. If it starts a step, returns the source and the step.
    pub(crate) fn line(&mut self, line: &str) -> Option<(String, String)> {
        let (source, said) = line.split_once("==> ")?.1.split_once(": ")?;
        let begins = BEGINNINGS.iter().find(|begins| said.starts_with(**begins))?;
        let step = if *begins == BEGINNINGS[0] {
            // The last two parts of the path name the script.
            let parts: Vec<&str> = said.rsplit('/').take(2).collect();
            parts.into_iter().rev().collect::<Vec<_>>().join("/")
        } else if begins.ends_with(' ') {
            let what = said.strip_prefix(begins)?.trim_end_matches('/');
            format!("{begins}{}", what.rsplit('/').next().unwrap_or(what))
        } else {
            (*begins).to_owned()
        };
        self.end("build.sh");
        self.end(source);
        self.running.insert(source.to_owned(), (step.clone(), Instant::now()));
        Some((source.to_owned(), step))
    }

    fn end(&mut self, source: &str) {
        if let Some((step, start)) = self.running.remove(source) {
            self.timings.put(self.rehearsal, &format!("{} {source}", self.layer), &step, start.elapsed());
        }
    }

    /// Ends the steps that are still running.
    pub(crate) fn finish(mut self) {
        for source in self.running.keys().cloned().collect::<Vec<_>>() {
            self.end(&source);
        }
    }
}
