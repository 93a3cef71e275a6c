//! What an error of a cloud means for a rollout.

use fleetgen_fleet::choice::Cloud;
use fleetgen_rollout::{Outcome, Sight};

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Nothing has changed, and the same request may succeed later.
    Retry,
    /// The request may have taken effect.
    Unknown,
    /// Nothing has changed, and nothing will until someone has fixed the credentials or their permissions.
    Hold,
    /// Nothing has changed, and the same request will fail again.
    Refuse,
    /// What was asked about does not exist.
    Gone,
}

/// An error of a cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What it means.
    pub class: Class,
    /// The cloud's code for it, and its words.
    pub message: String,
    /// The cloud's id of the request, for its support.
    pub request: Option<String>,
}

/// What the codes mean. AWS: error codes, of <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html> and
/// of botocore's models of the services; a version that was just made may not be found everywhere yet. Google Cloud: reasons and codes of errors and operations, and HTTP statuses.
#[rustfmt::skip]
const TABLE: &[(Cloud, Class, &[&str])] = &[
    (Cloud::Aws, Class::Retry, &[
        "ConcurrentModification", "EC2ThrottledException", "InstanceRefreshInProgress", "InvalidLaunchTemplateId.NotFound",
        "InvalidLaunchTemplateId.VersionNotFound", "PriorRequestNotComplete", "RequestLimitExceeded",
        "RequestThrottled", "RequestThrottledException", "ResourceContention", "ScalingActivityInProgress", "SlowDown", "Throttling",
        "ThrottlingException", "TooManyRequestsException",
    ]),
    (Cloud::Aws, Class::Unknown, &[
        "InternalError", "InternalFailure", "InternalServerError", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable",
        "ServiceUnavailableException", "Unavailable",
    ]),
    (Cloud::Aws, Class::Hold, &[
        "AccessDenied", "AccessDeniedException", "AuthFailure", "Blocked", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
        "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationToken", "OptInRequired", "PendingVerification",
        "RequestExpired", "SignatureDoesNotMatch", "UnauthorizedOperation", "UnrecognizedClientException",
    ]),
    (Cloud::Gcp, Class::Retry, &[
        "412", "429", "RATE_LIMIT_EXCEEDED", "RESOURCE_NOT_READY", "conditionNotMet", "rateLimitExceeded", "resourceNotReady",
        "userRateLimitExceeded",
    ]),
    (Cloud::Gcp, Class::Hold, &["401", "403", "PERMISSIONS_ERROR", "forbidden", "required"]),
    (Cloud::Gcp, Class::Gone, &["404", "RESOURCE_NOT_FOUND", "notFound"]),
];

impl Class {
    /// What a code means. The status counts if the code is not listed: 400 to 499 says that the cloud understood and declined.
    pub fn of(cloud: Cloud, code: &str, status: Option<u16>) -> Self {
        let listed = |code: &str| {
            TABLE.iter().find(|(of, _, codes)| *of == cloud && codes.contains(&code)).map(|(_, class, _)| *class)
        };
        let by_status = || status.and_then(|status| listed(&status.to_string()));
        listed(code).or_else(by_status).unwrap_or(match status {
            Some(400..=499) => Self::Refuse,
            _ => Self::Unknown,
        })
    }
}

impl Failure {
    /// An error that only the adapter sees.
    pub(crate) fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), request: None }
    }

    /// What it says about an effect.
    pub fn outcome(self) -> Outcome {
        let message = self.words();
        match self.class {
            Class::Retry => Outcome::NotDone(message),
            Class::Unknown => Outcome::Unknown(message),
            Class::Hold => Outcome::Denied(message),
            Class::Refuse | Class::Gone => Outcome::Refused(message),
        }
    }

    /// What it says about a group that was looked at.
    pub fn sight(self) -> Sight {
        match self.class {
            Class::Gone => Sight::Gone,
            Class::Hold => Sight::Denied(self.words()),
            Class::Retry | Class::Unknown | Class::Refuse => Sight::Unknown(self.words()),
        }
    }

    /// The message with the request.
    pub fn words(&self) -> String {
        match &self.request {
            Some(request) => format!("{} (request {request})", self.message),
            None => self.message.clone(),
        }
    }
}

/// An error with everything that caused it.
#[cfg(any(feature = "aws", feature = "gcp"))]
pub(crate) fn words(error: &(impl std::error::Error + ?Sized)) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once() {
        let mut seen = std::collections::BTreeSet::new();
        for (cloud, _, codes) in TABLE {
            assert!(codes.is_sorted(), "{codes:?}");
            for code in *codes {
                assert!(seen.insert((*cloud, code)), "{code}");
            }
        }
    }

    #[test]
    fn codes_and_statuses_have_a_class() {
        for (cloud, code, status, class) in [
            (Cloud::Aws, "RequestLimitExceeded", Some(503), Class::Retry),
            (Cloud::Aws, "ExpiredToken", Some(403), Class::Hold),
            (Cloud::Aws, "InvalidAMIID.NotFound", Some(400), Class::Refuse),
            (Cloud::Aws, "", Some(502), Class::Unknown),
            (Cloud::Aws, "", None, Class::Unknown),
            (Cloud::Gcp, "rateLimitExceeded", Some(403), Class::Retry),
            (Cloud::Gcp, "forbidden", Some(403), Class::Hold),
            (Cloud::Gcp, "", Some(412), Class::Retry),
            (Cloud::Gcp, "invalid", Some(400), Class::Refuse),
            (Cloud::Gcp, "notFound", Some(404), Class::Gone),
            (Cloud::Gcp, "backendError", Some(500), Class::Unknown),
        ] {
            assert_eq!(Class::of(cloud, code, status), class, "{cloud} {code} {status:?}");
        }
    }
}
