//! Notices for people: by webhook, or by a command. At least once: a notice that was not delivered is sent again by the next
//! driver, and its number lets a receiver drop what it has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use fleetgen_rollout::Notice;
use serde_json::json;

use crate::Notifier;

/// How long a delivery may take.
const LONGEST: Duration = Duration::from_secs(10);
/// How long the end of a driver waits for deliveries.
const LAST: Duration = Duration::from_secs(10);
/// How long to wait before a notice that was not delivered is sent again.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30), Duration::from_mins(2)];

/// Who is told. An address often is a secret, so it is never printed.
#[derive(Clone)]
pub enum Recipient {
    /// A URL, which gets a POST request with JSON.
    Webhook(String),
    /// A program, which gets JSON on its standard input, and runs in this directory.
    Command(PathBuf, PathBuf),
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Webhook(_) => "a webhook",
            Self::Command(..) => "a command",
        })
    }
}

/// Delivers notices while the rollout goes on: a thread for each recipient, so that one that does not answer keeps nothing from
/// the others.
#[derive(Debug)]
pub struct Messenger {
    recipients: Vec<Sender<Notice>>,
    told: Receiver<Result<u64, String>>,
    /// The records whose notices are on their way, with how many recipients have not got them yet.
    waiting: BTreeMap<u64, usize>,
    trouble: Option<String>,
}

impl Messenger {
    /// Starts to deliver to all of these.
    pub fn new(recipients: Vec<Recipient>) -> Self {
        let (sender, told) = channel();
        let start = |recipient| {
            let (notices, receiver) = channel();
            let sender = sender.clone();
            std::thread::spawn(move || deliver_all(&recipient, &receiver, &sender));
            notices
        };
        Self { recipients: recipients.into_iter().map(start).collect(), told, waiting: BTreeMap::new(), trouble: None }
    }

    /// How many notices were not delivered, and what went wrong last.
    pub fn undelivered(&self) -> Option<(usize, &str)> {
        let trouble = self.trouble.as_deref().unwrap_or("there was no time left");
        (!self.waiting.is_empty()).then_some((self.waiting.len(), trouble))
    }
}

impl Notifier for Messenger {
    fn send(&mut self, notice: &Notice) {
        self.waiting.insert(notice.record, self.recipients.len());
        for recipient in &self.recipients {
            let _ = recipient.send(notice.clone());
        }
    }

    fn told(&mut self, wait: bool) -> BTreeSet<u64> {
        let mut told = BTreeSet::new();
        let end = Instant::now() + LAST;
        while !self.waiting.is_empty() {
            let left = if wait { end.saturating_duration_since(Instant::now()) } else { Duration::ZERO };
            match self.told.recv_timeout(left) {
                Ok(Ok(record)) => {
                    let left = self.waiting.entry(record).or_insert(1);
                    *left -= 1;
                    if *left == 0 {
                        self.waiting.remove(&record);
                        told.insert(record);
                    }
                }
                Ok(Err(trouble)) => self.trouble = Some(trouble),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        told
    }
}

fn deliver_all(recipient: &Recipient, notices: &Receiver<Notice>, told: &Sender<Result<u64, String>>) {
    for notice in notices {
        let mut pauses = PAUSES.iter().chain(std::iter::repeat(&PAUSES[3]));
        while let Err(why) = deliver(recipient, &notice) {
            if told.send(Err(format!("{recipient:?}: {why}"))).is_err() {
                return;
            }
            std::thread::sleep(pauses.next().copied().unwrap_or_default());
        }
        if told.send(Ok(notice.record)).is_err() {
            return;
        }
    }
}

/// The message: what chats show as `text`, and the rest for programs.
fn message(notice: &Notice) -> String {
    let text = format!("rollout {} of {}: {}", notice.rollout, notice.fleet, notice.text);
    let rollout = notice.rollout.as_str();
    json!({ "text": text, "rollout": rollout, "fleet": notice.fleet, "record": notice.record, "status": notice.status })
        .to_string()
}

fn deliver(recipient: &Recipient, notice: &Notice) -> Result<(), String> {
    match recipient {
        Recipient::Webhook(url) => {
            let config = ureq::Agent::config_builder()
                .timeout_global(Some(LONGEST))
                .max_redirects(0)
                .http_status_as_error(false);
            let request = ureq::Agent::from(config.build()).post(url).header("content-type", "application/json");
            match request.send(message(notice)) {
                Ok(answer) if answer.status().is_success() => Ok(()),
                Ok(answer) => Err(format!("it answered with the status {}", answer.status().as_u16())),
                // The error may have the URL in it.
                Err(ureq::Error::Timeout(_)) => Err("it did not answer in time".to_owned()),
                Err(_) => Err("it cannot be reached".to_owned()),
            }
        }
        Recipient::Command(program, directory) => {
            let mut command = Command::new(program);
            command.current_dir(directory).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
            let (input, message) = (child.stdin.take(), message(notice));
            // A program that does not read its input must not keep us. The thread ends with the program.
            std::thread::spawn(move || input.map(|mut input| input.write_all(message.as_bytes())));
            wait(child)
        }
    }
}

fn wait(mut child: Child) -> Result<(), String> {
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("it failed with {status}")),
            Ok(None) if started.elapsed() < LONGEST => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("it did not end in time".to_owned());
            }
        }
    }
}
