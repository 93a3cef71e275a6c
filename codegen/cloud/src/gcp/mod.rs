//! Google Cloud: regional managed instance groups, whose machines follow the group's versions.

mod find;
mod litter;
mod observe;
mod perform;
mod prepare;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use fleetgen_fleet::choice::Cloud;
use fleetgen_rollout::Place;
use google_cloud_auth::credentials::anonymous;
use google_cloud_compute_v1::client::{
    Disks, GlobalOperations, Images, Instances, RegionInstanceGroupManagers, RegionInstanceTemplates, RegionOperations,
    ZoneOperations,
};
use google_cloud_compute_v1::model::{Operation, operation};
use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::StatusDetails;
use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt as _};

use crate::failure::{Class, Failure, words};

/// The longest that one attempt takes.
const ATTEMPT: Duration = Duration::from_secs(20);
/// The longest that a request takes, with all attempts.
const REQUEST: Duration = Duration::from_secs(50);
/// How often a request is made that can be repeated.
const ATTEMPTS: u32 = 4;
/// The longest that an operation is waited for. One that is not over by then is asked for again, by its request's id.
const OPERATION: Duration = Duration::from_secs(40);
/// How often an operation is looked at.
const PERIOD: Duration = Duration::from_millis(500);

/// The projects. One set of credentials is for all of them.
#[derive(Default)]
pub(crate) struct Gcp {
    /// Where the API is, without credentials: a stand-in on this machine.
    pub(crate) endpoint: Option<String>,
    clients: Option<Arc<Clients>>,
}

pub(crate) struct Clients {
    disks: Disks,
    global_operations: GlobalOperations,
    groups: RegionInstanceGroupManagers,
    images: Images,
    instances: Instances,
    operations: RegionOperations,
    templates: RegionInstanceTemplates,
    zone_operations: ZoneOperations,
}

impl Gcp {
    pub(crate) async fn clients(&mut self) -> Result<Arc<Clients>, Failure> {
        if let Some(clients) = &self.clients {
            return Ok(Arc::clone(clients));
        }
        macro_rules! client {
            ($client:ident) => {{
                let retries = Aip194Strict.with_time_limit(REQUEST).with_attempt_limit(ATTEMPTS);
                let builder = $client::builder().with_retry_policy(retries).with_attempt_timeout(ATTEMPT);
                let builder = match &self.endpoint {
                    Some(endpoint) => {
                        builder.with_endpoint(endpoint).with_credentials(anonymous::Builder::new().build())
                    }
                    None => builder,
                };
                builder.build().await.map_err(|error| {
                    Failure::new(Class::Hold, format!("there are no Google Cloud credentials: {}", words(&error)))
                })?
            }};
        }
        let clients = Clients {
            disks: client!(Disks),
            global_operations: client!(GlobalOperations),
            groups: client!(RegionInstanceGroupManagers),
            images: client!(Images),
            instances: client!(Instances),
            operations: client!(RegionOperations),
            templates: client!(RegionInstanceTemplates),
            zone_operations: client!(ZoneOperations),
        };
        Ok(Arc::clone(self.clients.insert(Arc::new(clients))))
    }
}

/// What an operation belongs to.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Project,
    Region,
    Zone(&'a str),
}

impl Clients {
    /// Waits until an operation is over. Returns its name.
    async fn wait(&self, place: &Place, scope: Scope<'_>, started: Operation) -> Result<Option<String>, Failure> {
        let name = started.name.clone();
        let began = std::time::Instant::now();
        let mut seen = started;
        while seen.status != Some(operation::Status::Done) {
            let name = name.clone().unwrap_or_default();
            if began.elapsed() >= OPERATION {
                let message = format!("the operation {name} is not over yet");
                return Err(Failure { class: Class::Unknown, message, request: Some(name) });
            }
            tokio::time::sleep(PERIOD).await;
            let project = &place.account;
            let found = match scope {
                Scope::Project => self.global_operations.get().set_project(project).set_operation(&name).send().await,
                Scope::Region => {
                    let request = self.operations.get().set_project(project).set_region(place.region.as_str());
                    request.set_operation(&name).send().await
                }
                Scope::Zone(zone) => {
                    let request = self.zone_operations.get().set_project(project).set_zone(zone);
                    request.set_operation(&name).send().await
                }
            };
            // It was started, whatever keeps it from being seen.
            seen = found.map_err(|error| {
                let failure = failure(&error);
                let class = if failure.class == Class::Hold { Class::Hold } else { Class::Unknown };
                Failure { class, request: Some(name), ..failure }
            })?;
        }
        ended(seen, name)
    }
}

/// How an operation has ended. Returns its name.
fn ended(seen: Operation, name: Option<String>) -> Result<Option<String>, Failure> {
    let errors = seen.error.map(|error| error.errors).unwrap_or_default();
    let status = seen.http_error_status_code.and_then(|status| u16::try_from(status).ok());
    let Some(error) = errors.first() else {
        return match status.filter(|status| *status >= 400) {
            None => Ok(name),
            Some(status) => {
                let message = seen.http_error_message.unwrap_or_else(|| format!("status {status}"));
                Err(Failure { class: Class::of(Cloud::Gcp, "", Some(status)), message, request: name })
            }
        };
    };
    let code = error.code.as_deref().unwrap_or_default();
    let message = format!("{code}: {}", error.message.as_deref().unwrap_or("no message"));
    // It is over, so nothing is unknown: what no code and no status explains is an error for good.
    let class = match Class::of(Cloud::Gcp, code, status) {
        Class::Unknown => Class::Refuse,
        class => class,
    };
    Err(Failure { class, message, request: name })
}

/// What an error means.
fn failure(error: &Error) -> Failure {
    let status = error.http_status_code();
    let reason = error.status().and_then(|status| {
        status.details.iter().find_map(|detail| match detail {
            StatusDetails::ErrorInfo(info) => Some(info.reason.clone()),
            _ => None,
        })
    });
    let reason = reason.unwrap_or_default();
    let (class, message) = match (status, error.status()) {
        (Some(number), said) => {
            let said = said.map(|status| status.message.clone()).filter(|said| !said.is_empty());
            let said = said.unwrap_or_else(|| "no message".to_owned());
            let code = if reason.is_empty() { number.to_string() } else { reason.clone() };
            (Class::of(Cloud::Gcp, &reason, status), format!("{code}: {said}"))
        }
        (None, _) if error.is_authentication() => (Class::Hold, format!("no access: {}", words(error))),
        (None, _) if error.is_binding() || error.is_serialization() => {
            (Class::Refuse, format!("the request was not sent: {}", words(error)))
        }
        (None, _) => (Class::Unknown, format!("no usable answer: {}", words(error))),
    };
    Failure { class, message, request: None }
}

/// The last part of a URL, such as a template's name.
fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

/// An id that makes a request's repetitions harmless: a UUID, the same for the same key.
fn request_id(key: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(key.as_bytes());
    let hex = hex::encode(&digest[..16]);
    // The version and the variant of a random UUID.
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_an_id() {
        let id = request_id("0123456789ab-web-3");
        assert_eq!(id, request_id("0123456789ab-web-3"));
        assert_ne!(id, request_id("0123456789ab-web-4"));
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
    }
}
