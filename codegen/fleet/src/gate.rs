//! Gates: what must pass before a rollout goes on. Groups and environments have them.

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::choice::{OnFailure, Sessions};
use crate::field::{Entries, Field, Optional as _, entries, list};
use crate::scalar::{AlarmName, GateName, HttpUrl, Number, Text};

/// What must pass before a rollout goes on: exactly one of `http`, `alarm`, `sessions`, `machine_command`,
/// `local_command` and `approval`, such as `{ http: "https://web.example.com/healthz" }`. A check without an answer neither passes nor fails.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Gate", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct GateSettings {
    /// A URL that must answer a GET request with a status from 200 to 299.
    pub(crate) http: Option<Field<HttpUrl>>,
    /// An alarm that must not be firing: the name of a `CloudWatch` alarm on AWS, the id of an alerting policy on GCP.
    pub(crate) alarm: Option<Field<AlarmName>>,
    /// People must be able to open sessions on every new machine of the group: write `online`. Only on AWS.
    pub(crate) sessions: Option<Field<Sessions>>,
    /// A program and its arguments that must succeed on a new machine of the group, such as `[/usr/local/bin/smoke]`.
    pub(crate) machine_command: Option<Field<Vec<Field<Text>>>>,
    /// A program and its arguments that must succeed where `fleetgen rollout` runs, without a shell.
    pub(crate) local_command: Option<Field<Vec<Field<Text>>>>,
    /// What a person confirms with `fleetgen rollout approve`, such as "The release notes are out".
    pub(crate) approval: Option<Field<Text>>,
    /// How many checks in a row must pass, and how many in a row must fail for the gate to fail. Default: 3.
    pub(crate) passes: Option<Field<Number<1, 100>>>,
    /// What happens when the gate fails: `fail` fails the group, `hold` waits for a person. Before a wave, both wait.
    /// Default: fail.
    pub(crate) on_failure: Option<Field<OnFailure>>,
}

/// What must pass before a rollout goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// What is checked.
    pub check: Check,
    /// How many checks in a row must pass; as many in a row fail the gate.
    pub passes: u32,
    /// What happens when it fails.
    pub on_failure: OnFailure,
}

/// What a gate checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// A URL answers a GET request with a status from 200 to 299.
    Http(HttpUrl),
    /// An alarm is not firing.
    Alarm(AlarmName),
    /// People can open sessions on every new machine of the group.
    Sessions,
    /// A program succeeds on a new machine of the group.
    MachineCommand(Vec<Text>),
    /// A program succeeds where the rollout runs.
    LocalCommand(Vec<Text>),
    /// A person has confirmed this.
    Approval(Text),
}

/// Gates by name.
pub type Gates = BTreeMap<GateName, Gate>;

/// Resolves the gates of an environment. It has machines on several clouds, so a gate cannot be about one of them.
pub(crate) fn resolve_for_environment(
    gates: Option<&Field<Entries<GateName, GateSettings>>>,
    problems: &mut Vec<Problem>,
) -> Option<Gates> {
    for gate in entries(gates).iter().filter_map(|(_, gate)| gate.get()) {
        let alarm = gate.alarm.as_ref().map(|field| ("alarm", field.span));
        let sessions = gate.sessions.as_ref().map(|field| ("sessions", field.span));
        let command = gate.machine_command.as_ref().map(|field| ("machine_command", field.span));
        for (key, span) in [alarm, sessions, command].into_iter().flatten() {
            problems.push(
                Problem::new(Code::InvalidValue, span, format!("a gate of an environment cannot have `{key}`"))
                    .label("which cloud and group?")
                    .hint("set this gate in the `rollout` of the groups, or of a profile"),
            );
        }
    }
    resolve(gates, problems)
}

/// Resolves gates, and reports those that do not have exactly one check.
pub(crate) fn resolve(
    gates: Option<&Field<Entries<GateName, GateSettings>>>,
    problems: &mut Vec<Problem>,
) -> Option<Gates> {
    if gates.is_some_and(|gates| gates.value.is_none()) {
        return None;
    }
    let resolve = |(name, gate): &(Field<GateName>, Field<GateSettings>)| {
        let gate = gate.get()?.resolve().map_err(|problem| problems.push(problem.at(name.span))).ok()??;
        Some((name.value.clone()?, gate))
    };
    // Every gate is resolved before a wrong one ends it, so that all problems are reported.
    let resolved: Vec<_> = entries(gates).iter().map(resolve).collect();
    resolved.into_iter().collect()
}

impl GateSettings {
    /// The gate; nothing if a value was wrong, which has been reported.
    fn resolve(&self) -> Result<Option<Gate>, Problem> {
        #[expect(clippy::option_option, reason = "unset and wrong are different things")]
        fn set<T: Clone>(field: Option<&Field<T>>, check: impl Fn(T) -> Check) -> Option<Option<Check>> {
            field.map(|field| field.value.clone().map(check))
        }
        #[expect(clippy::option_option, reason = "unset and wrong are different things")]
        fn command(
            field: Option<&Field<Vec<Field<Text>>>>,
            check: impl Fn(Vec<Text>) -> Check,
        ) -> Option<Option<Check>> {
            field.map(|field| field.get().map(|_| check(list(Some(field)))))
        }
        let set: Vec<Option<Check>> = [
            set(self.http.as_ref(), Check::Http),
            set(self.alarm.as_ref(), Check::Alarm),
            set(self.sessions.as_ref(), |Sessions::Online| Check::Sessions),
            command(self.machine_command.as_ref(), Check::MachineCommand),
            command(self.local_command.as_ref(), Check::LocalCommand),
            set(self.approval.as_ref(), Check::Approval),
        ]
        .into_iter()
        .flatten()
        .collect();
        let invalid = |message: String| {
            Problem::invalid(
                message,
                "set exactly one of `http`, `alarm`, `sessions`, `machine_command`, `local_command` and `approval`",
            )
        };
        let check = match set.as_slice() {
            [Some(Check::MachineCommand(words) | Check::LocalCommand(words))] if words.is_empty() => {
                return Err(Problem::new(
                    Code::InvalidValue,
                    fleetgen_problem::Place::Nowhere,
                    "the gate's command is empty",
                )
                .hint("name the program, such as `[/usr/local/bin/smoke]`"));
            }
            [check] => check.clone(),
            [] => return Err(invalid("the gate checks nothing".to_owned())),
            several => return Err(invalid(format!("the gate has {} checks", several.len()))),
        };
        let read = || {
            Some(Gate {
                check: check?,
                passes: self.passes.default_to(Number(3))?.0,
                on_failure: self.on_failure.default_to(OnFailure::Fail)?,
            })
        };
        Ok(read())
    }
}
