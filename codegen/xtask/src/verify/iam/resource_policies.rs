//! `tests/iam/resources.txt`: what the policies of keys, buckets and endpoints let pass.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use fleetgen_iam::{Identity, Policy, Principal, ResourcePolicy, decide};
use fleetgen_state::resources;
use fleetgen_toolbox::calls::{Call, parts};
use serde_json::{Value, json};

use super::{CheckContext, all_asked, judge};

const REGION: &str = "ap-northeast-1";
const OTHER_REGION: &str = "us-west-2";

pub(super) fn policies(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let table = parts(&fs_err::read_to_string(context.root.join("tests/iam/resources.txt"))?)?;
    let all = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let all = Policy::read("a policy that allows everything", &all)?;
    let mut asked = BTreeSet::new();
    for folder in ["_accounts/aws", "aws-tokyo/foundation"] {
        let state = context.sandbox.applied(&format!("generated/terraform/{folder}"))?;
        for (kind, name, document) in with_policies(&state)? {
            let own = [format!("{kind} *"), format!("{kind} {name}")];
            let mut calls: Vec<Call> = Vec::new();
            for (what, part) in table.iter().filter(|(what, _)| own.contains(what)) {
                // S3's endpoint names buckets, where the others name callers.
                if name != "s3" || what != "endpoint *" {
                    asked.insert(what.as_str());
                    calls.extend(part.iter().cloned());
                }
            }
            for call in &mut calls {
                call.request.resource = call.request.resource.replace("BUCKET", &format!("arn:aws:s3:::{name}"));
            }
            let wrong = |document: &Value| -> Vec<&Call> {
                let policy = Policy::read(&name, document);
                let policy = policy.map(|policy| ResourcePolicy { policy, must_allow: kind != "bucket" });
                let is_wrong = |call: &&Call| {
                    let has_policies = match &call.request.principal {
                        Principal::Role(arn) => arn.contains("::123456789012:") && !arn.contains("/aws-service-role/"),
                        Principal::Federated(_) | Principal::Service(_) => false,
                    };
                    let policies = if has_policies { vec![all.clone()] } else { Vec::new() };
                    let identity = Identity { policies, boundary: None };
                    // A policy without statements lets nothing pass.
                    let allowed = policy.as_ref().is_ok_and(|it| decide(&call.request, &identity, Some(it)).is_allowed);
                    allowed != call.may
                };
                calls.iter().filter(is_wrong).collect()
            };
            judge(&format!("{kind} {name}"), &document, wrong)?;
        }
    }
    all_asked(&table, &asked)
}

/// The keys, buckets and endpoints of a state, with their policies.
fn with_policies(state: &Value) -> anyhow::Result<Vec<(&'static str, String, Value)>> {
    let all = resources(state)?;
    let values = |kind: &'static str| {
        let of_kind = all.iter().filter(move |resource| resource["type"] == kind);
        of_kind.map(|resource| &resource["values"]).filter(|values| values["region"] != OTHER_REGION)
    };
    let buckets: Vec<&Value> = values("aws_s3_bucket").collect();
    let aliases: Vec<&Value> = values("aws_kms_alias").collect();
    let mut found = Vec::new();
    for (kind, of_kind) in
        [("key", "aws_kms_key"), ("bucket", "aws_s3_bucket_policy"), ("endpoint", "aws_vpc_endpoint")]
    {
        for resource in values(of_kind) {
            let name = match kind {
                "key" => named(&aliases, "target_key_id", &resource["key_id"])["name"].as_str(),
                "bucket" => named(&buckets, "id", &resource["bucket"])["bucket"].as_str(),
                _ => resource["service_name"].as_str().and_then(|name| Some(name.split_once(&format!("{REGION}."))?.1)),
            };
            let name = name.context("a resource has no name")?.to_owned();
            // Some endpoints take no policy.
            if let Some(document) = resource["policy"].as_str().filter(|text| text.starts_with('{')) {
                found.push((kind, name, serde_json::from_str(document)?));
            }
        }
    }
    ensure!(found.len() > 3, "there are only {} policies", found.len());
    Ok(found)
}

/// The resource whose attribute has a value; null if there is none.
fn named<'a>(all: &[&'a Value], attribute: &str, value: &Value) -> &'a Value {
    all.iter().find(|resource| resource[attribute] == *value).copied().unwrap_or(&Value::Null)
}
