//! What can connect to what in the networks, once applied, and that a check fails when one of the rules changes.

mod aws;
mod google;
mod mutants;

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use fleetgen_fleet::{Fleet, Group, Network, Scope, resource_name};
use fleetgen_reach::Answer;
use serde_json::Value;

use mutants::Change;

use super::roots::fleet;
use super::{Check, CheckContext};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("reach: the networks on AWS are isolated, and every rule counts", aws::isolated),
        Check::new("reach: the networks on GCP are isolated, and every rule counts", google::isolated),
    ]
}

/// A connection, and whether it must be possible.
struct Expected<End> {
    what: &'static str,
    from: End,
    to: End,
    port: u16,
    is_reached: bool,
}

fn expected<End>(what: &'static str, from: End, to: End, port: u16, is_reached: bool) -> Expected<End> {
    Expected { what, from, to, port, is_reached }
}

/// Every connection is possible, or not, as it must be. Returns the answers.
fn judge<End: Copy>(all: &[Expected<End>], reach: impl Fn(End, End, u16) -> Answer) -> anyhow::Result<Vec<Answer>> {
    let judge = |Expected { what, from, to, port, is_reached }: &Expected<End>| {
        let answer = reach(*from, *to, *port);
        ensure!(answer.is_reached == *is_reached, "{what}, port {port}: {}", answer.because.join("; "));
        Ok(answer)
    };
    all.iter().map(judge).collect()
}

/// A network with its groups.
struct Ground<'a> {
    fleet: &'a Fleet,
    network: &'a Network,
    /// Its name in the cloud.
    name: String,
    /// By their names in the cloud.
    groups: Vec<(String, &'a Group)>,
}

impl<'a> Ground<'a> {
    /// A network, and the states of its root and of its stacks.
    fn of(context: &CheckContext<'_>, fleet: &'a Fleet, network: &'a Network) -> anyhow::Result<(Self, Vec<Value>)> {
        let own = Scope::Network(network.name.clone());
        let mut states = vec![Value::clone(&*context.sandbox.applied(&own.directory())?)];
        let mut groups = Vec::new();
        for (stack, all) in fleet.stacks() {
            let here: Vec<&Group> = all.into_iter().filter(|group| group.network == network.name).collect();
            if !here.is_empty() {
                states.push(Value::clone(&*context.sandbox.applied(&stack.directory())?));
                groups.extend(here.into_iter().map(|group| (resource_name::group(&fleet.name, group), group)));
            }
        }
        let name = resource_name::network(&fleet.name, &network.name);
        Ok((Self { fleet, network, name, groups }, states))
    }
}

/// Every change was made in some network, or it would show nothing.
fn all_applied(mutants: &[(&'static str, Change)], applied: &BTreeSet<&str>) -> anyhow::Result<()> {
    let missing: Vec<&str> = mutants.iter().map(|(what, _)| *what).filter(|what| !applied.contains(what)).collect();
    ensure!(missing.is_empty(), "these changes found nothing to change: {missing:?}");
    Ok(())
}

/// The states hold, and do not after any of the changes, or without any of the rules. Returns how many rules there were.
fn every_rule_counts(
    name: &str,
    mut states: Vec<Value>,
    mutants: &[(&'static str, Change)],
    without_a_rule: fn(&Value) -> Vec<(String, Value)>,
    applied: &mut BTreeSet<&'static str>,
    holds: &dyn Fn(&[Value]) -> anyhow::Result<()>,
) -> anyhow::Result<usize> {
    holds(&states).with_context(|| name.to_owned())?;
    let (mut removed, mut unnoticed) = (0, Vec::new());
    for index in 0..states.len() {
        let whole = states[index].clone();
        for (what, change) in mutants {
            // Only one of the networks builds images and has public load balancers.
            if change(&mut states[index]) > 0 {
                applied.insert(*what);
                if holds(&states).is_ok() {
                    unnoticed.push((*what).to_owned());
                }
            }
            states[index].clone_from(&whole);
        }
        for (what, mutant) in without_a_rule(&whole) {
            states[index] = mutant;
            if holds(&states).is_ok() {
                unnoticed.push(format!("without {what}"));
            }
            removed += 1;
        }
        states[index] = whole;
    }
    ensure!(unnoticed.is_empty(), "{name}: no check fails when\n{}", unnoticed.join("\n"));
    Ok(removed)
}
