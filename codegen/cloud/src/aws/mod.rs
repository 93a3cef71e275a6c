//! AWS: Auto Scaling groups, whose machines instance refreshes replace.

mod find;
mod gate;
mod litter;
mod observe;
mod parameter;
mod perform;
mod prepare;
mod versions;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_autoscaling::config::http::HttpResponse;
use aws_sdk_autoscaling::config::{Credentials, Region};
use aws_sdk_autoscaling::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_autoscaling::operation::RequestId as _;
use fleetgen_fleet::choice::Cloud;
use fleetgen_rollout::Place;

use crate::failure::{Class, Failure, words};

/// The longest that one attempt takes.
const ATTEMPT: Duration = Duration::from_secs(20);
/// The longest that a request takes, with all attempts. A driver that has lost its lease may still have one on its way, and
/// the next driver waits for a minute.
const REQUEST: Duration = Duration::from_secs(50);
/// How often a request is made that can be repeated. Waits grow, with jitter.
const ATTEMPTS: u32 = 4;

/// The regions of an account.
#[derive(Default)]
pub(crate) struct Aws {
    /// Where the APIs are, without credentials: stand-ins on this machine.
    pub(crate) endpoint: Option<String>,
    loaded: Option<Loaded>,
    regions: BTreeMap<String, Clients>,
}

/// What the environment says.
struct Loaded {
    config: SdkConfig,
    /// The account that the credentials are of.
    account: String,
}

/// The clients of a region. All groups share them, and with them their rate: a client that is throttled slows down.
#[derive(Clone)]
pub(crate) struct Clients {
    autoscaling: aws_sdk_autoscaling::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    ec2: aws_sdk_ec2::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    ssm: aws_sdk_ssm::Client,
}

impl Aws {
    /// The clients of a place.
    ///
    /// # Errors
    /// There are no credentials, or they are of another account.
    pub(crate) async fn at(&mut self, place: &Place) -> Result<Clients, Failure> {
        let loaded = match self.loaded.take() {
            Some(loaded) => loaded,
            None => load(place, self.endpoint.as_deref()).await?,
        };
        let loaded = self.loaded.insert(loaded);
        if loaded.account != place.account {
            let message = format!(
                "the AWS credentials are for the account {}, and {} is in {}: set `AWS_PROFILE` to a profile of that account",
                loaded.account, place.name, place.account
            );
            return Err(Failure::new(Class::Hold, message));
        }
        let region = place.region.as_str();
        if let Some(clients) = self.regions.get(region) {
            return Ok(clients.clone());
        }
        let config = loaded.config.to_builder().region(Region::new(region.to_owned())).build();
        let clients = Clients {
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            ec2: aws_sdk_ec2::Client::new(&config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
        };
        self.regions.insert(region.to_owned(), clients.clone());
        Ok(clients)
    }
}

async fn load(place: &Place, endpoint: Option<&str>) -> Result<Loaded, Failure> {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(REQUEST).build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(place.region.as_str().to_owned()))
        .retry_config(RetryConfig::adaptive().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts);
    let loader = match endpoint {
        Some(url) => {
            loader.endpoint_url(url).credentials_provider(Credentials::new("loopback", "none", None, None, "none"))
        }
        None => loader,
    };
    let config = loader.load().await;
    let identity = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.map_err(failure)?;
    let account = identity.account.unwrap_or_default();
    Ok(Loaded { config, account })
}

/// What an error of any service means.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failure<E: ProvideErrorMetadata + std::error::Error + 'static>(error: SdkError<E, HttpResponse>) -> Failure {
    let request = error.request_id().map(str::to_owned);
    let status = error.raw_response().map(|response| response.status().as_u16());
    let (class, message) = match &error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            let message = service.err().message().unwrap_or("no message");
            let class = match Class::of(Cloud::Aws, code, status) {
                // Auto Scaling says so about permissions to start machines.
                Class::Refuse if message.contains("not authorized") => Class::Hold,
                class => class,
            };
            (class, format!("{code}: {message}"))
        }
        SdkError::DispatchFailure(_) if lacks_credentials(&error) => {
            (Class::Hold, format!("the request was not sent: {}", words(&error)))
        }
        SdkError::ConstructionFailure(_) => (Class::Refuse, format!("the request was not sent: {}", words(&error))),
        _ => (Class::Unknown, format!("no usable answer: {}", words(&error))),
    };
    Failure { class, message, request }
}

/// Whether there were none to sign a request with.
fn lacks_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<CredentialsError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Whether a service answered with a code.
fn has_code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, code: &str) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some(code)
}
