//! What jobs may do in networks that exist already. Their own statements are about networks with the fleet's tags, which these do not have.

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::{NetworkName, TagKey, Text};
use fleetgen_fleet::{AwsAccount, ExistingPlace, Fleet, Found, Group, Network};
use serde_json::{Map, Value, json};

/// The statements of a job that starts machines of groups, and may make their security groups.
pub(super) fn statements(fleet: &Fleet, account: &AwsAccount, groups: &[&Group], makes_firewalls: bool) -> Vec<Value> {
    let networks: BTreeMap<&NetworkName, &Network> =
        groups.iter().filter_map(|group| fleet.networks.get_key_value(&group.network)).collect();
    let existing = networks.values().filter_map(|network| match &network.existing.as_ref()?.place {
        ExistingPlace::Aws { vpc, subnets } => Some((*network, vpc, subnets)),
        ExistingPlace::Gcp { .. } => None,
    });
    let mut statements = Vec::new();
    for (number, (network, vpc, subnets)) in (1..).zip(existing) {
        let arn = |what: &str, id: &str| format!("arn:aws:ec2:{}:{}:{what}/{id}", network.region, account.account);
        let (vpcs, vpc_tags) = match vpc {
            Found::Id(id) => (vec![arn("vpc", id.as_str())], None),
            Found::Tags(tags) => (vec![arn("vpc", "*")], Some(tags)),
        };
        let (subnets, subnet_tags) = match subnets {
            Found::Id(ids) => (ids.iter().map(|id| arn("subnet", id.as_str())).collect(), None),
            Found::Tags(tags) => (vec![arn("subnet", "*")], Some(tags)),
        };
        let mut allow = |sid: &str, action: &str, resources: Vec<String>, tags: Option<&BTreeMap<_, _>>| {
            let sid = format!("{sid}{number}");
            let mut statement = json!({ "Sid": sid, "Effect": "Allow", "Action": action, "Resource": resources });
            if let Some(tags) = tags {
                // `${…}` would be a variable of IAM.
                let tags = tags.iter().map(|(key, value): (&TagKey, &Text)| {
                    (format!("aws:ResourceTag/{key}"), Value::from(value.as_str().replace('$', "${$}")))
                });
                statement["Condition"] = json!({ "StringEquals": tags.collect::<Map<_, _>>() });
            }
            statements.push(statement);
        };
        if makes_firewalls {
            allow("MakeFirewallsInExistingNetwork", "ec2:CreateSecurityGroup", vpcs, vpc_tags);
        }
        allow("StartMachinesInExistingSubnets", "ec2:RunInstances", subnets, subnet_tags);
    }
    statements
}
