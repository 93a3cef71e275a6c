//! Gates that no cloud answers.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fleetgen_fleet::{Check, Gate};
use fleetgen_rollout::{GroupPlan, Verdict};

use crate::Gates;

/// How long a gate may take.
const LONGEST: Duration = Duration::from_secs(30);

/// Runs commands on this machine and sends HTTP requests.
#[derive(Debug)]
pub struct LocalGates {
    /// Where commands run: the root of the repository.
    pub directory: std::path::PathBuf,
}

impl Gates for LocalGates {
    fn check(&mut self, group: Option<&GroupPlan>, gate: &Gate) -> Verdict {
        match &gate.check {
            Check::LocalCommand(words) => {
                let words: Vec<&str> = words.iter().map(fleetgen_fleet::scalar::Text::as_str).collect();
                self.command(&words, group)
            }
            Check::Http(url) => get(url.as_str()),
            Check::Alarm(_) | Check::MachineCommand(_) | Check::Approval(_) => Verdict::Unknown,
        }
    }
}

impl LocalGates {
    /// Passes if the program succeeds. It learns the group from `FLEETGEN_GROUP`.
    fn command(&self, words: &[&str], group: Option<&GroupPlan>) -> Verdict {
        let Some((program, arguments)) = words.split_first() else { return Verdict::Unknown };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.directory);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(group) = group {
            command.env("FLEETGEN_GROUP", group.name.as_str());
        }
        let Ok(mut child) = command.spawn() else { return Verdict::Unknown };
        let started = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Verdict::Pass,
                Ok(Some(_)) => return Verdict::Fail,
                Ok(None) if started.elapsed() < LONGEST => std::thread::sleep(Duration::from_millis(50)),
                Ok(None) | Err(_) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Verdict::Unknown;
                }
            }
        }
    }
}

/// Passes if the answer's status is from 200 to 299. Redirects are not followed: whoever wrote the gate named the URL.
fn get(url: &str) -> Verdict {
    let config =
        ureq::Agent::config_builder().timeout_global(Some(LONGEST)).max_redirects(0).http_status_as_error(false);
    match ureq::Agent::from(config.build()).get(url).call() {
        Ok(answer) if answer.status().is_success() => Verdict::Pass,
        Ok(_) => Verdict::Fail,
        Err(_) => Verdict::Unknown,
    }
}
