//! What tests use: the simulated clouds' control, and a clock with their time.

use std::time::Duration;

use fleetgen_driver::Clock;
use jiff::{SignedDuration, Timestamp};

use crate::{Served, WireFault, serve};

/// How long an answer may take.
const LONGEST: Duration = Duration::from_secs(30);

/// The control of simulated clouds on this machine.
#[derive(Debug, Clone)]
pub struct Client {
    url: String,
    agent: ureq::Agent,
    last: Timestamp,
}

impl Client {
    /// Serves simulated clouds from a thread of this process, until it ends.
    ///
    /// # Errors
    /// They cannot be made or served.
    pub fn start(make: impl FnOnce() -> anyhow::Result<Served> + Send + 'static) -> anyhow::Result<Self> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || serve(0, make()?, |url| drop(sender.send(url))));
        match receiver.recv() {
            Ok(url) => Ok(Self::new(&url)),
            // The thread has ended, with what went wrong.
            Err(gone) => Err(thread.join().ok().and_then(Result::err).unwrap_or_else(|| gone.into())),
        }
    }

    /// Those at a URL.
    pub fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(LONGEST)).build();
        Self { url: url.to_owned(), agent: config.into(), last: Timestamp::UNIX_EPOCH }
    }

    /// Where they are.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks for something, such as `truth`.
    ///
    /// # Errors
    /// There is no answer.
    pub fn get(&self, what: &str) -> anyhow::Result<String> {
        let url = format!("{}/_world/{what}", self.url);
        Ok(self.agent.get(url).call()?.body_mut().with_config().limit(1 << 30).read_to_string()?)
    }

    /// Orders something, such as `sick` with the name of a group.
    ///
    /// # Errors
    /// There is no answer, or the order makes no sense.
    pub fn post(&self, what: &str, body: &str) -> anyhow::Result<String> {
        let url = format!("{}/_world/{what}", self.url);
        Ok(self.agent.post(url).send(body)?.body_mut().read_to_string()?)
    }

    /// Makes requests fail.
    ///
    /// # Errors
    /// There is no answer.
    pub fn fail(&self, fault: &WireFault) -> anyhow::Result<()> {
        self.post("fault", &serde_json::to_string(fault)?).map(drop)
    }
}

/// Their time, which moves on when someone waits.
impl Clock for Client {
    fn now(&mut self) -> Timestamp {
        // Without an answer, no time has passed.
        self.last = self.get("time").ok().and_then(|text| text.trim().parse().ok()).unwrap_or(self.last);
        self.last
    }

    fn wait(&mut self, until: Timestamp) {
        let next = self.now().saturating_add(SignedDuration::from_secs(1)).unwrap_or(until);
        let _ = self.post("time", &until.max(next).to_string());
    }
}
