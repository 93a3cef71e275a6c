//! Reads policy documents. Whatever it does not know is an error.

use serde_json::{Map, Value};

use crate::condition::{Condition, Operator};
use crate::policy::{Effect, Named, Patterns, Policy, PolicyError, Statement};

/// The one version with policy variables.
const VERSION: &str = "2012-10-17";

impl Policy {
    /// Reads a document.
    ///
    /// # Errors
    /// It is not a policy, or has an element that is not known here.
    pub fn read(name: &str, document: &Value) -> Result<Self, PolicyError> {
        let wrong = |what: String| PolicyError(format!("{name}: {what}"));
        let entries = document.as_object().ok_or_else(|| wrong("it is not a JSON object".to_owned()))?;
        only(entries, &["Version", "Id", "Statement"]).map_err(wrong)?;
        if entries.get("Version").and_then(Value::as_str) != Some(VERSION) {
            return Err(wrong(format!("its version is not {VERSION}")));
        }
        let statements = match entries.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return Err(wrong("it has no statements".to_owned())),
        };
        let statements = statements.into_iter().enumerate().map(|(index, statement)| {
            self::statement(index, statement).map_err(|what| wrong(format!("statement {}: {what}", index + 1)))
        });
        Ok(Self { name: name.to_owned(), statements: statements.collect::<Result<_, _>>()? })
    }

    /// Reads a document from its text.
    ///
    /// # Errors
    /// It is not JSON, or see [`Policy::read`].
    pub fn parse(name: &str, text: &str) -> Result<Self, PolicyError> {
        let document = serde_json::from_str(text).map_err(|error| PolicyError(format!("{name}: {error}")))?;
        Self::read(name, &document)
    }
}

fn statement(index: usize, statement: &Value) -> Result<Statement, String> {
    let entries = statement.as_object().ok_or("it is not a JSON object")?;
    let known = ["Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    only(entries, &known)?;
    let effect = match entries.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err("its effect is neither Allow nor Deny".to_owned()),
    };
    let sid = entries
        .get("Sid")
        .map_or(Ok((index + 1).to_string()), |sid| sid.as_str().map(str::to_owned).ok_or("its Sid is not a string"))?;
    Ok(Statement {
        sid,
        effect,
        principals: entries.get("Principal").map(principals).transpose()?,
        actions: patterns(entries, "Action", "NotAction")?.ok_or("it has no action")?,
        resources: patterns(entries, "Resource", "NotResource")?,
        conditions: entries.get("Condition").map(conditions).transpose()?.unwrap_or_default(),
    })
}

fn only(entries: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match entries.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("the element {key} is not known here")),
        None => Ok(()),
    }
}

fn patterns(entries: &Map<String, Value>, name: &str, negated: &str) -> Result<Option<Patterns>, String> {
    match (entries.get(name), entries.get(negated)) {
        (Some(_), Some(_)) => Err(format!("it has both {name} and {negated}")),
        (Some(value), None) => Ok(Some(Patterns { patterns: texts(value)?, is_negated: false })),
        (None, Some(value)) => Ok(Some(Patterns { patterns: texts(value)?, is_negated: true })),
        (None, None) => Ok(None),
    }
}

/// A string, or a list of strings.
fn texts(value: &Value) -> Result<Vec<String>, String> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(value) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(format!("{value} is not a string")),
    };
    match value {
        Value::Array(items) if items.is_empty() => Err("a list is empty".to_owned()),
        Value::Array(items) => items.iter().map(text).collect(),
        value => Ok(vec![text(value)?]),
    }
}

fn principals(value: &Value) -> Result<Vec<Named>, String> {
    if value == "*" {
        return Ok(vec![Named::Everybody]);
    }
    let entries = value.as_object().ok_or("its principal is neither `*` nor an object")?;
    let mut named = Vec::new();
    for (kind, value) in entries {
        for text in texts(value)? {
            named.push(match kind.as_str() {
                "AWS" => aws(text)?,
                "Federated" => Named::Federated(text),
                "Service" => Named::Service(text),
                other => return Err(format!("principals of the kind {other} are not known here")),
            });
        }
    }
    Ok(named)
}

fn aws(text: String) -> Result<Named, String> {
    if text == "*" {
        return Ok(Named::Everybody);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Named::Account(text));
    }
    match text.split(':').collect::<Vec<_>>()[..] {
        ["arn", "aws", "iam", "", account, "root"] => Ok(Named::Account(account.to_owned())),
        ["arn", "aws", "iam", "", _, name] if name.starts_with("role/") => Ok(Named::Role(text)),
        _ => Err(format!("the principal {text} is not known here")),
    }
}

fn conditions(value: &Value) -> Result<Vec<Condition>, String> {
    let operators = value.as_object().ok_or("its condition is not an object")?;
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let parsed = Operator::parse(operator).ok_or_else(|| format!("the operator {operator} is not known here"))?;
        for (key, values) in keys.as_object().ok_or_else(|| format!("{operator} has no keys"))? {
            conditions.push(Condition {
                name: operator.clone(),
                operator: parsed,
                key: key.clone(),
                values: texts(values)?,
            });
        }
    }
    Ok(conditions)
}
