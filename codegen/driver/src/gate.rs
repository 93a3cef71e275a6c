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
            Check::Alarm(_) | Check::Sessions | Check::MachineCommand(_) | Check::Approval(_) => Verdict::Unknown,
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use fleetgen_fleet::choice::OnFailure;

    use super::*;

    fn check(check: Check) -> Verdict {
        let gate = Gate { check, passes: 1, on_failure: OnFailure::Fail };
        LocalGates { directory: ".".into() }.check(None, &gate)
    }

    fn command(words: &[&str]) -> Verdict {
        check(Check::LocalCommand(words.iter().map(|word| word.parse().unwrap()).collect()))
    }

    #[test]
    fn a_command_passes_if_it_succeeds() {
        assert_eq!(command(&["true"]), Verdict::Pass);
        assert_eq!(command(&["false"]), Verdict::Fail);
        assert_eq!(command(&["/nonexistent/program"]), Verdict::Unknown);
        // There is no shell.
        assert_eq!(command(&["test", "$HOME", "=", "$HOME"]), Verdict::Pass);
    }

    /// Answers one request with a status.
    fn server(status: &'static str) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/healthz", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1_024]);
            let _ = stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes());
        });
        url
    }

    #[test]
    fn a_url_passes_if_it_answers_well() {
        for (status, verdict) in [
            ("200 OK", Verdict::Pass),
            ("204 No Content", Verdict::Pass),
            ("302 Found", Verdict::Fail),
            ("404 Not Found", Verdict::Fail),
            ("503 Service Unavailable", Verdict::Fail),
        ] {
            assert_eq!(check(Check::Http(server(status).parse().unwrap())), verdict, "{status}");
        }
        // No server is there.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(check(Check::Http(url.parse().unwrap())), Verdict::Unknown);
    }
}
