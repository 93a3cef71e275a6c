//! Answers, and errors in each protocol.

use fleetgen_rollout::Outcome;

use crate::xml::Xml;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content: &'static str,
    pub(crate) body: Vec<u8>,
    /// The generation of an object of Cloud Storage.
    pub(crate) generation: Option<u64>,
}

/// Why a request is not answered well.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// An error: status, code and message.
    Error(u16, String, String),
    /// No answer.
    Silence,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::Error(status, code.to_owned(), message.into())
    }

    /// A mistake of the caller.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }
}

/// What the world says, if it is not what was asked for. Its words begin with AWS's code.
pub(crate) fn refused(outcome: Outcome) -> Result<Outcome, Refusal> {
    let error = |status, words: &str| {
        let (code, message) = words.split_once(": ").unwrap_or(("ValidationError", words));
        Refusal::new(status, code, message)
    };
    match outcome {
        Outcome::Unknown(_) => Err(Refusal::Silence),
        Outcome::Denied(words) => Err(error(403, &words)),
        Outcome::NotDone(words) | Outcome::Refused(words) => Err(error(400, &words)),
        done @ (Outcome::Done | Outcome::Prepared(_) | Outcome::Started(_)) => Ok(done),
    }
}

impl Answer {
    pub(crate) fn new(status: u16, content: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content, body: body.into(), generation: None }
    }

    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::new(200, "text/plain", text)
    }

    /// An answer of the query protocol.
    pub(crate) fn query(operation: &str, namespace: &str, request: &str, result: Vec<Xml>) -> Self {
        let result = Xml::node(&format!("{operation}Result"), result).into_string();
        let metadata = Xml::node("ResponseMetadata", [Xml::text("RequestId", request)]).into_string();
        let body =
            format!("<{operation}Response xmlns=\"{namespace}\">{result}{metadata}</{operation}Response>").into_bytes();
        Self::new(200, "text/xml", body)
    }

    /// An answer of EC2.
    pub(crate) fn ec2(operation: &str, request: &str, result: Vec<Xml>) -> Self {
        let id = Xml::text("requestId", request).into_string();
        let result: String = result.into_iter().map(Xml::into_string).collect();
        let namespace = "http://ec2.amazonaws.com/doc/2016-11-15/";
        let body = format!("<{operation}Response xmlns=\"{namespace}\">{id}{result}</{operation}Response>");
        Self::new(200, "text/xml;charset=UTF-8", body)
    }

    /// An error in the words of a service.
    pub(crate) fn error(service: &str, request: &str, status: u16, code: &str, message: &str) -> Self {
        match service {
            "ec2" => {
                let error = Xml::node("Error", [Xml::text("Code", code), Xml::text("Message", message)]);
                let body = Xml::node("Response", [Xml::node("Errors", [error]), Xml::text("RequestID", request)]);
                Self::new(status, "text/xml;charset=UTF-8", body.into_string())
            }
            "ssm" => {
                let value = serde_json::json!({ "__type": code, "message": message });
                Self { content: "application/x-amz-json-1.1", ..Self::json(status, &value) }
            }
            "cloudwatch" => {
                let value = crate::cloudwatch::map([("__type", code.into()), ("message", message.into())]);
                Self::new(status, "application/cbor", crate::cloudwatch::bytes(&value))
            }
            "compute" => {
                let errors = serde_json::json!([{ "domain": "global", "reason": code, "message": message }]);
                let error = serde_json::json!({ "code": status, "message": message, "errors": errors });
                Self::json(status, &serde_json::json!({ "error": error }))
            }
            _ => {
                let kind = Xml::text("Type", if status < 500 { "Sender" } else { "Receiver" });
                let error = Xml::node("Error", [kind, Xml::text("Code", code), Xml::text("Message", message)]);
                let body = Xml::node("ErrorResponse", [error, Xml::text("RequestId", request)]);
                Self::new(status, "text/xml", body.into_string())
            }
        }
    }
}
