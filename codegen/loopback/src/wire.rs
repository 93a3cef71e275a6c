//! From a request to a service and its operation, and back, with the faults of the wire.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::{Request, Response};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::answer::{Answer, Refusal};
use crate::fault::WireFaultKind;
use crate::served::{Form, Served};

/// The largest request that is read.
const MOST: usize = 1 << 20;

/// A request, as far as it matters.
struct Asked {
    verb: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(is, _)| is == name).map(|(_, value)| value.as_str())
    }
}

/// What is asked of which service.
struct Call {
    service: &'static str,
    operation: String,
    region: String,
}

/// Answers a request. An error closes the connection.
pub(crate) async fn answer(
    served: &RefCell<Served>,
    ended: &Rc<Notify>,
    request: Request<Incoming>,
) -> Result<Response<Part>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MOST).collect().await.map_err(std::io::Error::other)?.to_bytes().to_vec();
    let header = |name: &hyper::header::HeaderName, value: &hyper::header::HeaderValue| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let asked = Asked {
        verb: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.iter().map(|(name, value)| header(name, value)).collect(),
        body,
    };
    if asked.path == "/_world/end" {
        ended.notify_one();
        return Ok(response(Answer::text("done\n"), "end", None));
    }
    served.borrow_mut().take(&asked)
}

impl Served {
    fn take(&mut self, asked: &Asked) -> Result<Response<Part>, std::io::Error> {
        if let Some(path) = asked.path.strip_prefix("/_world/") {
            let answer = self.control(&asked.verb, path, &asked.body).unwrap_or_else(|refusal| match refusal {
                Refusal::Error(status, code, message) => Answer::error("compute", "", status, &code, &message),
                Refusal::Silence => Answer::text(""),
            });
            return Ok(response(answer, "world", None));
        }
        if let Some(path) = asked.path.strip_prefix("/storage/") {
            let wanted = asked.header("x-goog-if-generation-match").and_then(|wanted| wanted.parse().ok());
            let answered = self.storage(&asked.verb, path, &asked.query, wanted, &asked.body);
            let answer = answered.unwrap_or_else(|refusal| match refusal {
                Refusal::Error(status, code, message) => Answer::error("storage", "", status, &code, &message),
                Refusal::Silence => Answer::text(""),
            });
            return Ok(response(answer, "storage", None));
        }
        let call = Self::call(asked);
        let request = format!("request-{}", self.exchanges.len() + 1);
        let fault = self.fault(&call.operation);
        let about = format!("{} {} {}", call.operation, call.region, subject(asked, call.service));
        let answered = match fault {
            Some(WireFaultKind::Throttled) => Err(throttled(call.service)),
            Some(WireFaultKind::Expired) => Err(expired(call.service)),
            Some(WireFaultKind::Forbidden) => Err(forbidden(call.service)),
            Some(WireFaultKind::Stale) if self.before.contains_key(&about) => Ok(self.before[&about].clone()),
            _ => self.dispatch(&call, asked, &request),
        };
        let mut answer = match answered {
            Ok(answer) => answer,
            Err(Refusal::Silence) => return self.silence(&call, asked),
            Err(Refusal::Error(status, code, message)) => {
                Answer::error(call.service, &request, status, &code, &message)
            }
        };
        if answer.status == 200 && fault.is_none() {
            self.before.insert(about, answer.clone());
        }
        let mut most = None;
        match fault {
            Some(WireFaultKind::Lost) => return self.silence(&call, asked),
            Some(WireFaultKind::Broken) => {
                let (status, code) =
                    if call.service == "compute" { (500, "backendError") } else { (500, "InternalFailure") };
                answer = Answer::error(call.service, &request, status, code, "an internal error has occurred");
            }
            Some(WireFaultKind::Truncated) => most = Some(answer.body.len() / 2),
            Some(WireFaultKind::WrongId) => answer = mistaken(&answer),
            _ => {}
        }
        self.note(&call, asked, Some((&answer, fault)));
        Ok(response(answer, &request, most))
    }

    /// The effect has happened, and no one says so.
    fn silence(&mut self, call: &Call, asked: &Asked) -> Result<Response<Part>, std::io::Error> {
        self.note(call, asked, None);
        Err(std::io::ErrorKind::ConnectionReset.into())
    }

    fn call(asked: &Asked) -> Call {
        // AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …
        let scope =
            asked.header("authorization").and_then(|it| it.split_once("Credential=")).map_or("", |(_, scope)| scope);
        let region = scope.split('/').nth(2).unwrap_or_default().to_owned();
        let form = Form::parse(&asked.body);
        let action = form.get("Action").unwrap_or_default().to_owned();
        if asked.path.starts_with("/compute/v1/") {
            let operation = Self::compute_operation(&asked.verb, &asked.path);
            return Call { service: "compute", operation, region: String::new() };
        }
        if let Some(operation) = asked.path.split_once("/operation/").map(|(_, operation)| operation.to_owned()) {
            return Call { service: "cloudwatch", operation, region };
        }
        if let Some(operation) = asked.header("x-amz-target").and_then(|target| target.strip_prefix("AmazonSSM.")) {
            return Call { service: "ssm", operation: operation.to_owned(), region };
        }
        let service = match form.get("Version") {
            Some("2011-01-01") => "autoscaling",
            Some("2016-11-15") => "ec2",
            Some("2015-12-01") => "elasticloadbalancing",
            Some("2011-06-15") => "sts",
            _ => "none",
        };
        Call { service, operation: action, region }
    }

    fn dispatch(&mut self, call: &Call, asked: &Asked, request: &str) -> Result<Answer, Refusal> {
        let Call { service, operation, region } = call;
        let form = Form::parse(&asked.body);
        let namespace = |date: &str| format!("http://{service}.amazonaws.com/doc/{date}/");
        match *service {
            "compute" => {
                let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
                self.compute(operation, &asked.path, &asked.query, &body)
            }
            "cloudwatch" => self.cloudwatch(operation, &asked.body),
            "ssm" => {
                let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
                self.ssm(operation, region, &body)
            }
            "ec2" => Ok(Answer::ec2(operation, request, self.ec2(operation, region, &form)?)),
            "autoscaling" => {
                let result = self.autoscaling(operation, region, &form)?;
                if result.is_empty() {
                    // Without a result, there is no element for it.
                    let metadata =
                        crate::xml::Xml::node("ResponseMetadata", [crate::xml::Xml::text("RequestId", request)]);
                    let space = namespace("2011-01-01");
                    let body = format!(
                        "<{operation}Response xmlns=\"{space}\">{}</{operation}Response>",
                        metadata.into_string()
                    );
                    return Ok(Answer::new(200, "text/xml", body));
                }
                Ok(Answer::query(operation, &namespace("2011-01-01"), request, result))
            }
            "elasticloadbalancing" => {
                let result = self.elasticloadbalancing(operation, &form)?;
                Ok(Answer::query(operation, &namespace("2015-12-01"), request, result))
            }
            "sts" => {
                use crate::xml::Xml;
                let account = self.account();
                let arn = format!("arn:aws:sts::{account}:assumed-role/example-rollout-prod/loopback");
                let result = vec![
                    Xml::text("Arn", arn),
                    Xml::text("UserId", "AROAEXAMPLE:loopback"),
                    Xml::text("Account", account),
                ];
                Ok(Answer::query(operation, "https://sts.amazonaws.com/doc/2011-06-15/", request, result))
            }
            _ => Err(Refusal::new(400, "InvalidAction", format!("{operation} is of no service"))),
        }
    }

    /// The fault of an operation that is due.
    fn fault(&mut self, operation: &str) -> Option<WireFaultKind> {
        let fault = self.faults.iter_mut().find(|fault| fault.operation == operation && fault.times > 0)?;
        fault.times -= 1;
        Some(fault.kind)
    }

    /// Keeps an exchange. What a fault has spoiled is not held against anything.
    fn note(&mut self, call: &Call, asked: &Asked, answer: Option<(&Answer, Option<WireFaultKind>)>) {
        let answer = answer.map(|(answer, fault)| {
            json!({
                "status": answer.status, "content": answer.content, "body": hex::encode(&answer.body), "fault": fault,
            })
        });
        let headers: serde_json::Map<String, Value> =
            asked.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        self.exchanges.push(json!({
            "service": call.service, "operation": call.operation, "region": call.region, "verb": asked.verb,
            "path": asked.path, "query": asked.query, "headers": headers, "body": hex::encode(&asked.body),
            "answer": answer,
        }));
    }
}

/// What a request is about: its body; for Google Cloud its path, which names things.
fn subject(asked: &Asked, service: &str) -> String {
    if service == "compute" { format!("{}?{}", asked.path, asked.query) } else { hex::encode(&asked.body) }
}

fn throttled(service: &str) -> Refusal {
    match service {
        "compute" => Refusal::new(403, "rateLimitExceeded", "Rate Limit Exceeded"),
        "ec2" => Refusal::new(503, "RequestLimitExceeded", "Request limit exceeded."),
        "ssm" | "cloudwatch" => Refusal::new(400, "ThrottlingException", "Rate exceeded"),
        _ => Refusal::new(400, "Throttling", "Rate exceeded"),
    }
}

fn expired(service: &str) -> Refusal {
    match service {
        "compute" => Refusal::new(401, "authError", "Invalid Credentials"),
        "ec2" => Refusal::new(400, "RequestExpired", "Request has expired."),
        "ssm" | "cloudwatch" => Refusal::new(400, "ExpiredTokenException", "The security token is expired"),
        _ => Refusal::new(403, "ExpiredToken", "The security token included in the request is expired"),
    }
}

fn forbidden(service: &str) -> Refusal {
    match service {
        "compute" => Refusal::new(403, "forbidden", "Required permission is missing"),
        "ec2" => Refusal::new(403, "UnauthorizedOperation", "You are not authorized to perform this operation."),
        "ssm" | "cloudwatch" => Refusal::new(400, "AccessDeniedException", "not authorized"),
        _ => Refusal::new(403, "AccessDenied", "not authorized to perform this operation"),
    }
}

/// The answer about something else: every name in it has changed.
fn mistaken(answer: &Answer) -> Answer {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let text = text
        .replace("GroupName>", "GroupName>other-")
        .replace("</AutoScalingGroupName>other-", "</AutoScalingGroupName>");
    let other = crate::autoscaling::other_change();
    let text = text.replace("refresh-", &format!("{other}-")).replace("\"name\":\"", "\"name\":\"other-");
    Answer { body: text.into_bytes(), ..*answer }
}

/// A body that may end too early.
pub(crate) struct Part {
    left: Option<Bytes>,
}

impl Body for Part {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.left.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        // The header says the length, also of what is cut off.
        SizeHint::new()
    }
}

fn response(answer: Answer, request: &str, most: Option<usize>) -> Response<Part> {
    let length = answer.body.len();
    let generation = answer.generation;
    let mut body = answer.body;
    body.truncate(most.unwrap_or(length));
    let mut response = Response::new(Part { left: (!body.is_empty()).then(|| Bytes::from(body)) });
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = response.headers_mut();
    let values = [
        ("content-type", answer.content.to_owned()),
        ("content-length", length.to_string()),
        ("x-amzn-requestid", request.to_owned()),
        ("smithy-protocol", "rpc-v2-cbor".to_owned()),
    ];
    let of_object = generation.into_iter().flat_map(|generation| {
        let modified = "Mon, 02 Nov 2026 01:00:00 GMT".to_owned();
        let (etag, number) = (format!("\"{generation}\""), generation.to_string());
        [("etag", etag), ("x-goog-generation", number), ("last-modified", modified)]
    });
    for (name, value) in values.into_iter().chain(of_object) {
        if name == "smithy-protocol" && answer.content != "application/cbor" {
            continue;
        }
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    response
}
