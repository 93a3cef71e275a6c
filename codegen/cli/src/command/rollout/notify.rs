//! Who is told what happens. Addresses are often secrets, so they come from the environment, and never from fleet.yaml.

use std::path::Path;

use fleetgen_driver::{Messenger, Recipient};

/// The URL of a webhook, which gets JSON with a `text`.
pub(crate) const URL: &str = "FLEETGEN_NOTIFY_URL";
/// A program, which gets the same JSON on its standard input.
pub(crate) const COMMAND: &str = "FLEETGEN_NOTIFY_COMMAND";

/// Delivers notices, if the environment says to whom.
pub(crate) fn messenger(directory: &Path) -> Option<Messenger> {
    let recipients = recipients(directory);
    (!recipients.is_empty()).then(|| Messenger::new(recipients))
}

/// Whom the environment names. Commands run in this directory.
pub(crate) fn recipients(directory: &Path) -> Vec<Recipient> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let webhook = set(URL).map(Recipient::Webhook);
    let command = set(COMMAND).map(|program| Recipient::Command(program.into(), directory.to_owned()));
    webhook.into_iter().chain(command).collect()
}
