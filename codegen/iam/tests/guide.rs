//! The cases of AWS's own documentation, each with its page of the IAM User Guide.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use fleetgen_iam::{Decision, Identity, Policy, Principal, Request, ResourcePolicy, decide};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/carlos";

fn policy(statements: &Value) -> Policy {
    Policy::read("the policy", &json!({ "Version": "2012-10-17", "Statement": statements })).unwrap()
}

fn request(action: &str, resource: &str, context: &[(&str, &[&str])]) -> Request {
    let context = context
        .iter()
        .map(|(key, values)| ((*key).to_owned(), values.iter().map(|value| (*value).to_owned()).collect()));
    Request {
        principal: Principal::Role(ROLE.to_owned()),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: context.collect(),
    }
}

fn identity(statements: &Value) -> Identity {
    Identity { policies: vec![policy(statements)], boundary: None }
}

/// Whether a statement about `s3:GetObject` with a condition applies.
fn holds(condition: &Value, context: &[(&str, &[&str])]) -> bool {
    let statement = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition });
    decide(&request("s3:GetObject", "arn:aws:s3:::b/o", context), &identity(&statement), None).is_allowed
}

/// `reference_policies_evaluation-logic_policy-eval-basics-diffs`: "Evaluating identity-based policies and resource-based
/// policies".
#[test]
fn carlos_and_the_bucket() {
    let own = identity(&json!([
        { "Sid": "AllowS3ListRead", "Effect": "Allow", "Action": ["s3:GetAccountPublicAccessBlock", "s3:ListAllMyBuckets"], "Resource": "*" },
        { "Sid": "AllowS3Self", "Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::carlossalazar/*", "arn:aws:s3:::carlossalazar"] },
        { "Sid": "DenyS3Logs", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::*log*" },
    ]));
    let bucket = ResourcePolicy {
        must_allow: false,
        policy: policy(&json!({
            "Sid": "Direct", "Effect": "Allow", "Principal": { "AWS": ROLE }, "Action": "s3:*",
            "Resource": ["arn:aws:s3:::carlossalazar", "arn:aws:s3:::shared/*", "arn:aws:s3:::carlossalazar-logs/*"],
        })),
    };
    let asks = |action: &str, resource: &str| decide(&request(action, resource, &[]), &own, Some(&bucket));
    assert!(asks("s3:ListAllMyBuckets", "*").is_allowed);
    assert!(asks("s3:PutObject", "arn:aws:s3:::carlossalazar/photo").is_allowed, "by his own policy");
    assert!(asks("s3:PutObject", "arn:aws:s3:::shared/photo").is_allowed, "by the bucket's");
    assert!(!asks("s3:PutObject", "arn:aws:s3:::other/photo").is_allowed, "by none");
    let logs = asks("s3:PutObject", "arn:aws:s3:::carlossalazar-logs/x");
    assert_eq!(
        logs,
        Decision { is_allowed: false, because: vec!["denied by the policy, statement DenyS3Logs".to_owned()] }
    );
}

/// `access_policies_boundaries`: "A boundary limits, and allows nothing itself".
#[test]
fn a_boundary_limits_and_allows_nothing() {
    let boundary = policy(&json!({ "Effect": "Allow", "Action": ["s3:*", "cloudwatch:*", "ec2:*"], "Resource": "*" }));
    let with = |statements: &Value| Identity { boundary: Some(boundary.clone()), ..identity(statements) };
    let users = with(&json!({ "Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*" }));
    assert!(!decide(&request("iam:CreateUser", "*", &[]), &users, None).is_allowed, "outside the boundary");
    assert!(!decide(&request("s3:ListAllMyBuckets", "*", &[]), &users, None).is_allowed, "within it, and not allowed");
    let buckets = with(&json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }));
    assert!(decide(&request("s3:ListAllMyBuckets", "*", &[]), &buckets, None).is_allowed);
    let denied = policy(&json!([
        { "Effect": "Allow", "Action": "s3:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*" },
    ]));
    let buckets = Identity { boundary: Some(denied), ..buckets };
    assert!(!decide(&request("s3:DeleteBucket", "arn:aws:s3:::b", &[]), &buckets, None).is_allowed);
}

/// `reference_policies_evaluation-logic_policy-eval-denyallow`: a resource's policy that names a role is within its boundary.
#[test]
fn a_resource_does_not_lift_a_boundary() {
    let bucket = ResourcePolicy {
        must_allow: false,
        policy: policy(&json!({ "Effect": "Allow", "Principal": { "AWS": ROLE }, "Action": "s3:*", "Resource": "*" })),
    };
    let role = |service: &str| Identity {
        policies: Vec::new(),
        boundary: Some(policy(&json!({ "Effect": "Allow", "Action": service, "Resource": "*" }))),
    };
    let call = request("s3:GetObject", "arn:aws:s3:::shared/x", &[]);
    assert!(decide(&call, &role("s3:*"), Some(&bucket)).is_allowed);
    assert!(!decide(&call, &role("ec2:*"), Some(&bucket)).is_allowed);
}

/// KMS Developer Guide, `key-policy-default`: the statement about the account only lets identity policies decide.
#[test]
fn a_key_leaves_the_decision_to_the_account_only_if_it_says_so() {
    let arn = "arn:aws:kms:us-west-2:123456789012:key/1234abcd";
    let account = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" }, "Action": "kms:*", "Resource": "*" });
    let role = json!({ "Effect": "Allow", "Principal": { "AWS": ROLE }, "Action": "kms:Decrypt", "Resource": "*" });
    let other = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:role/other" }, "Action": "kms:*", "Resource": "*" });
    let allows = identity(&json!({ "Effect": "Allow", "Action": "kms:Decrypt", "Resource": arn }));
    let nothing = identity(&json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }));
    let asks = |identity: &Identity, key: &Value| {
        let key = ResourcePolicy { policy: policy(key), must_allow: true };
        decide(&request("kms:Decrypt", arn, &[]), identity, Some(&key)).is_allowed
    };
    assert!(asks(&allows, &account));
    assert!(!asks(&nothing, &account), "the account's statement alone allows nothing");
    assert!(asks(&nothing, &role), "the key's policy is enough");
    assert!(!asks(&allows, &other), "without the account's statement, identity policies count for nothing");
}

/// `reference_policies_elements_condition_operators`.
#[test]
fn operators() {
    let tag = |value: &'static str| [("aws:PrincipalTag/job-category", [value])];
    let is = |operator: &str, value: &'static str| {
        let tag = tag(value);
        let context: Vec<(&str, &[&str])> = tag.iter().map(|(key, values)| (*key, values.as_slice())).collect();
        holds(&json!({ operator: { "aws:PrincipalTag/job-category": "iamuser-admin" } }), &context)
    };
    assert!(is("StringEquals", "iamuser-admin") && !is("StringEquals", "IamUser-Admin"));
    assert!(is("StringEqualsIgnoreCase", "IamUser-Admin"));
    assert!(!is("StringNotEquals", "iamuser-admin") && is("StringNotEquals", "other"));
    let like = |pattern: &str, value: &str| {
        holds(&json!({ "StringLike": { "s3:prefix": [pattern] } }), &[("s3:prefix", &[value])])
    };
    assert!(like("home/*", "home/x") && !like("home/?", "home/xy") && !like("Home/*", "home/x"));
    assert!(
        !holds(&json!({ "StringEquals": { "s3:prefix": "home/*" } }), &[("s3:prefix", &["home/x"])]),
        "no wildcards"
    );
    let secure = json!({ "Bool": { "aws:SecureTransport": "false" } });
    assert!(
        holds(&secure, &[("aws:SecureTransport", &["false"])])
            && !holds(&secure, &[("aws:SecureTransport", &["true"])])
    );
    assert!(!holds(&secure, &[]), "a key that is missing matches nothing");
    let age = json!({ "NumericLessThanEquals": { "aws:MultiFactorAuthAge": "300" } });
    assert!(
        holds(&age, &[("aws:MultiFactorAuthAge", &["300"])]) && !holds(&age, &[("aws:MultiFactorAuthAge", &["301"])])
    );
    let date = json!({ "DateGreaterThan": { "aws:TokenIssueTime": "2020-01-01T00:00:01Z" } });
    assert!(holds(&date, &[("aws:TokenIssueTime", &["2020-01-01T00:00:02Z"])]));
    assert!(!holds(&date, &[("aws:TokenIssueTime", &["1577836801"])]), "seconds since 1970");
    let range = json!({ "IpAddress": { "aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"] } });
    assert!(
        holds(&range, &[("aws:SourceIp", &["203.0.113.9"])]) && holds(&range, &[("aws:SourceIp", &["2001:db8::1"])])
    );
    assert!(!holds(&range, &[("aws:SourceIp", &["198.51.100.1"])]));
    let arn = json!({ "ArnLike": { "aws:SourceArn": "arn:aws:sns:*:123456789012:t*" } });
    assert!(holds(&arn, &[("aws:SourceArn", &["arn:aws:sns:us-east-1:123456789012:topic"])]));
    assert!(
        !holds(&arn, &[("aws:SourceArn", &["arn:aws:sns:us-east-1:000000000000:x:123456789012:t"])]),
        "part by part"
    );
}

/// The same page: `…IfExists`, `Null`, and keys that are missing.
#[test]
fn missing_keys() {
    let types = |operator: &str| json!({ operator: { "ec2:InstanceType": ["t1.*", "t2.*"] } });
    assert!(holds(&types("StringLikeIfExists"), &[]) && !holds(&types("StringLike"), &[]));
    assert!(!holds(&types("StringLikeIfExists"), &[("ec2:InstanceType", &["m3.large"])]));
    assert!(holds(&types("StringNotLike"), &[]), "a negated operator holds without the key");
    let token = |value: &str| json!({ "Null": { "aws:TokenIssueTime": value } });
    assert!(holds(&token("true"), &[]) && !holds(&token("false"), &[]));
    let given: &[(&str, &[&str])] = &[("aws:TokenIssueTime", &["x"])];
    assert!(!holds(&token("true"), given) && holds(&token("false"), given));
}

/// `reference_policies_condition-logic-multiple-context-keys-or-values`, and "…-single-vs-multi-valued-context-keys" with its
/// example of the tags `environment` and `webserver`.
#[test]
fn several_values() {
    let all = json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["environment", "cost-center"] } });
    assert!(
        holds(&all, &[("aws:TagKeys", &["environment", "cost-center"])])
            && holds(&all, &[("aws:TagKeys", &["environment"])])
    );
    assert!(!holds(&all, &[("aws:TagKeys", &["environment", "project"])]));
    assert!(holds(&all, &[]), "the guide warns of it");
    let any = json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": ["environment", "cost-center"] } });
    assert!(holds(&any, &[("aws:TagKeys", &["environment", "project"])]));
    assert!(!holds(&any, &[("aws:TagKeys", &["project"])]) && !holds(&any, &[]));
    let none = json!({ "ForAllValues:StringNotEquals": { "aws:TagKeys": ["webserver"] } });
    assert!(
        holds(&none, &[("aws:TagKeys", &["environment"])])
            && !holds(&none, &[("aws:TagKeys", &["environment", "webserver"])])
    );
    let both = json!({ "StringEquals": { "aws:PrincipalTag/department": ["finance", "hr"], "aws:PrincipalTag/role": ["audit"] } });
    assert!(holds(&both, &[("aws:PrincipalTag/department", &["hr"]), ("aws:PrincipalTag/role", &["audit"])]));
    assert!(!holds(&both, &[("aws:PrincipalTag/department", &["hr"])]), "every key");
}

/// `reference_policies_variables`.
#[test]
fn variables() {
    let own = identity(
        &json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::mybucket/${aws:username}/*" }),
    );
    let asks = |resource: &str, context: &[(&str, &[&str])]| {
        decide(&request("s3:GetObject", resource, context), &own, None).is_allowed
    };
    let bob: &[(&str, &[&str])] = &[("aws:username", &["bob"])];
    assert!(asks("arn:aws:s3:::mybucket/bob/x", bob) && !asks("arn:aws:s3:::mybucket/alice/x", bob));
    assert!(!asks("arn:aws:s3:::mybucket/${aws:username}/x", &[]), "without a value, the statement does not match");
    assert!(!asks("arn:aws:s3:::mybucket/alice/x", &[("aws:username", &["*"])]), "a value is no pattern");
    let team = json!({ "StringLike": { "s3:prefix": "${aws:PrincipalTag/team, 'company-wide'}/*" } });
    assert!(holds(&team, &[("s3:prefix", &["company-wide/x"])]), "the default");
    assert!(holds(&team, &[("s3:prefix", &["yellow/x"]), ("aws:PrincipalTag/team", &["yellow"])]));
    let literal = json!({ "StringLike": { "s3:prefix": "${*}${?}${$}" } });
    assert!(holds(&literal, &[("s3:prefix", &["*?$"])]) && !holds(&literal, &[("s3:prefix", &["abc"])]));
}

/// `reference_policies_elements_action`, "…notaction" and "…notresource".
#[test]
fn actions_and_everything_but() {
    let allow = |statement: &Value, action: &str, resource: &str| {
        decide(&request(action, resource, &[]), &identity(statement), None).is_allowed
    };
    let keys = json!({ "Effect": "Allow", "Action": "iam:*AccessKey*", "Resource": "*" });
    assert!(allow(&keys, "IAM:listaccesskeys", "*") && !allow(&keys, "iam:ListUsers", "*"), "names have no case");
    let rest = json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" });
    assert!(allow(&rest, "ec2:StopInstances", "*") && !allow(&rest, "iam:CreateUser", "*"));
    let not = json!({ "Effect": "Allow", "Action": "s3:*", "NotResource": ["arn:aws:s3:::hr", "arn:aws:s3:::hr/*"] });
    assert!(allow(&not, "s3:GetObject", "arn:aws:s3:::it/x") && !allow(&not, "s3:GetObject", "arn:aws:s3:::hr/x"));
}

/// `id_roles_create_for-idp_oidc`: exactly one subject of one repository.
#[test]
fn trust_in_a_provider() {
    let provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
    let trust = ResourcePolicy {
        must_allow: true,
        policy: policy(&json!({
            "Effect": "Allow", "Principal": { "Federated": provider }, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": { "token.actions.githubusercontent.com:sub": "repo:example/fleet:environment:prod" } },
        })),
    };
    let asks = |principal: &Principal, subject: &str| {
        let context = [("token.actions.githubusercontent.com:sub".to_owned(), vec![subject.to_owned()])];
        let request = Request {
            principal: principal.clone(),
            context: context.into(),
            ..request("sts:AssumeRoleWithWebIdentity", "*", &[])
        };
        decide(&request, &Identity::default(), Some(&trust)).is_allowed
    };
    let github = Principal::Federated(provider.to_owned());
    assert!(asks(&github, "repo:example/fleet:environment:prod"));
    assert!(!asks(&github, "repo:example/fleet:environment:stg") && !asks(&github, "repo:fork/fleet:environment:prod"));
    assert!(!asks(
        &Principal::Federated("arn:aws:iam::123456789012:oidc-provider/other".to_owned()),
        "repo:example/fleet:environment:prod"
    ));
    assert!(!asks(&Principal::Role(ROLE.to_owned()), "repo:example/fleet:environment:prod"));
}

#[test]
fn what_is_missing_is_said() {
    let own = identity(&json!([
        { "Sid": "Own", "Effect": "Allow", "Action": "ec2:StopInstances", "Resource": "arn:aws:ec2:*:*:instance/*",
          "Condition": { "StringEquals": { "aws:ResourceTag/environment": "prod" } } },
    ]));
    let asks = |action: &str, context: &[(&str, &[&str])]| {
        decide(&request(action, "arn:aws:ec2:us-west-2:123456789012:instance/i-1", context), &own, None).because
    };
    assert_eq!(
        asks("ec2:StopInstances", &[("aws:ResourceTag/environment", &["stg"])]),
        ["the policy, statement Own: StringEquals aws:ResourceTag/environment requires prod, and the request has stg"]
    );
    assert_eq!(
        asks("ec2:StopInstances", &[]),
        [
            "the policy, statement Own: StringEquals aws:ResourceTag/environment requires prod, and the request has no such key"
        ]
    );
    assert_eq!(asks("ec2:RunInstances", &[]), ["the policy: no statement allows ec2:RunInstances"]);
}

/// An element that is not known could change the answer.
#[test]
fn what_is_not_known_is_refused() {
    let refused = |document: &Value| Policy::read("the policy", document).unwrap_err().to_string();
    let with = |key: &str, value: Value| {
        let mut statement = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" });
        statement[key] = value;
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    };
    assert_eq!(refused(&json!([])), "the policy: it is not a JSON object");
    assert_eq!(
        refused(&json!({ "Version": "2008-10-17", "Statement": [] })),
        "the policy: its version is not 2012-10-17"
    );
    assert_eq!(
        refused(&with("NotPrincipal", json!("*"))),
        "the policy: statement 1: the element NotPrincipal is not known here"
    );
    assert_eq!(
        refused(&with("Effect", json!("Permit"))),
        "the policy: statement 1: its effect is neither Allow nor Deny"
    );
    assert_eq!(refused(&with("NotAction", json!("s3:*"))), "the policy: statement 1: it has both Action and NotAction");
    assert_eq!(refused(&with("Action", json!([]))), "the policy: statement 1: a list is empty");
    let operator = with("Condition", json!({ "StringMatches": { "aws:username": "x" } }));
    assert_eq!(refused(&operator), "the policy: statement 1: the operator StringMatches is not known here");
    let user = with("Principal", json!({ "AWS": "arn:aws:iam::123456789012:user/x" }));
    assert_eq!(
        refused(&user),
        "the policy: statement 1: the principal arn:aws:iam::123456789012:user/x is not known here"
    );
}
