//! `fleetgen reach`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::Sandbox;
use serde_json::{Value, json};

fn state(resources: &[(&str, Value)]) -> String {
    let resource =
        |(kind, values): &(&str, Value)| json!({ "mode": "managed", "type": kind, "name": "this", "values": values });
    let resources: Vec<Value> = resources.iter().map(resource).collect();
    json!({ "values": { "root_module": { "resources": resources } } }).to_string()
}

#[test]
fn the_state_says_which_cloud_it_is() {
    let sandbox = Sandbox::new("");
    let subnet =
        json!({ "id": "s", "cidr_block": "10.0.0.0/24", "tags": { "Name": "n-machines-a", "tier": "machines" } });
    sandbox.write("aws.json", &state(&[("aws_subnet", subnet)]));
    let subnetwork =
        json!({ "id": "s", "name": "n-machines", "ip_cidr_range": "10.0.0.0/24", "private_ip_google_access": true });
    sandbox.write("gcp.json", &state(&[("google_compute_subnetwork", subnetwork)]));
    let reach = |to: &str, file: &str| sandbox.run(&["reach", "machines", to, "--state", file]);
    reach("internet", "aws.json").expect(0).says("machines → internet, port 443: no").says("the default network ACL");
    reach("internet", "gcp.json").expect(0).says("machines → internet, port 443: no").says("have no route to");
    reach("169.254.169.254", "gcp.json").expect(0).says(": yes");
    reach("google-apis", "gcp.json").expect(0).says("have no route to 199.36.153.8");
    reach("s3", "aws.json").expect(0).says(": no");
    // Each cloud has its own ends.
    reach("google-apis", "aws.json").expect(2).says("the state has no tier `google-apis`");
    reach("machine", "gcp.json").expect(2).says("the state has no tier `machine`").says("machines");
}

/// The security groups of compute groups are in another root.
#[test]
fn several_states_are_one_network() {
    let sandbox = Sandbox::new("");
    let subnet =
        json!({ "id": "s", "cidr_block": "10.0.0.0/24", "tags": { "Name": "n-machines-a", "tier": "machines" } });
    sandbox.write("network.json", &state(&[("aws_subnet", subnet)]));
    sandbox.write("stack.json", &state(&[("aws_security_group", json!({ "id": "sg", "name": "example-prod-web" }))]));
    let web = ["reach", "machines/example-prod-web", "machines", "--state", "network.json"];
    sandbox.run(&web).expect(2).says("the state has no security group `example-prod-web`");
    let both = [&web[..], &["--state", "stack.json"]].concat();
    sandbox.run(&both).expect(0).says("security group example-prod-web has no egress rule");
}
