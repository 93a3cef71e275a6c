//! `CloudWatch`'s alarms, in CBOR.

use ciborium::Value;

use crate::answer::{Answer, Refusal};
use crate::served::Served;

/// A map of texts.
pub(crate) fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = ciborium::into_writer(value, &mut bytes);
    bytes
}

impl Served {
    pub(crate) fn cloudwatch(&mut self, operation: &str, body: &[u8]) -> Result<Answer, Refusal> {
        if operation != "DescribeAlarms" {
            return Err(Refusal::new(400, "UnknownOperationException", format!("{operation} is not simulated")));
        }
        let value: Value = ciborium::from_reader(body).map_err(|error| Refusal::invalid(error.to_string()))?;
        let entries = value.into_map().unwrap_or_default();
        let names = entries.into_iter().find(|(key, _)| key.as_text() == Some("AlarmNames")).map(|(_, names)| names);
        let names = names.and_then(|names| names.into_array().ok()).unwrap_or_default();
        let alarms = names.iter().filter_map(Value::as_text).map(|name| {
            let state = if self.firing.contains(name) { "ALARM" } else { "OK" };
            map([("AlarmName", name.into()), ("StateValue", state.into())])
        });
        let alarms =
            map([("MetricAlarms", Value::Array(alarms.collect())), ("CompositeAlarms", Value::Array(Vec::new()))]);
        Ok(Answer::new(200, "application/cbor", bytes(&alarms)))
    }
}
