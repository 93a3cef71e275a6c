//! Names that the clouds define. Patterns are those of each cloud's documentation, narrower where fleetgen uses one form
//! only.

use super::word;

word! {
    /// An AWS account id: 12 digits, in quotes.
    AccountId = "an AWS account id", "^[0-9]{12}$",
    "write its 12 digits in quotes"
}

word! {
    /// A GCP project id.
    GcpProject = "a GCP project id", "^[a-z][a-z0-9-]{4,28}[a-z0-9]$",
    "6 to 30 lower-case letters, digits and hyphens, not the project's number"
}

word! {
    /// A region of a cloud, such as ap-northeast-1 or asia-northeast1.
    Region = "a region", "^[a-z]+(-[a-z]+)+-?[0-9]{1,2}$",
    "such as `ap-northeast-1` (AWS) or `asia-northeast1` (GCP)"
}

word! {
    /// A zone of a region, such as ap-northeast-1a or asia-northeast1-a.
    Zone = "a zone", "^[a-z]+(-[a-z]+)+-?[0-9]{1,2}-?[a-z]$",
    "such as `ap-northeast-1a` (AWS) or `asia-northeast1-a` (GCP)"
}

word! {
    /// A machine type, such as m7g.large (AWS) or n2-standard-4 (GCP).
    MachineType = "a machine type", "^[a-z][a-z0-9-]*[0-9][a-z0-9-]*([.][a-z0-9-]+|-[a-z0-9-]+)$",
    "such as `m7g.large` (AWS) or `n2-standard-4` (GCP)"
}

word! {
    /// The name of a bucket that holds Terraform state.
    Bucket = "a bucket name", "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    "3 to 63 lower-case letters, digits, dots and hyphens"
}

word! {
    /// An AWS KMS key: its alias or ARN.
    AwsKmsKey = "an AWS KMS key", "^(alias/[a-zA-Z0-9/_-]{1,250}|arn:aws:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[a-zA-Z0-9/_-]+)$",
    "`alias/NAME`, or the key's ARN"
}

word! {
    /// A GCP KMS key: its full resource name.
    GcpKmsKey = "a GCP KMS key",
    "^projects/[a-z0-9-]+/locations/[a-z0-9-]+/keyRings/[a-zA-Z0-9_-]+/cryptoKeys/[a-zA-Z0-9_-]+$",
    "`projects/P/locations/L/keyRings/R/cryptoKeys/K`"
}

word! {
    /// A version of a GCP KMS key: its full resource name.
    GcpKmsKeyVersion = "a version of a GCP KMS key",
    "^projects/[a-z0-9-]+/locations/[a-z0-9-]+/keyRings/[a-zA-Z0-9_-]+/cryptoKeys/[a-zA-Z0-9_-]+/cryptoKeyVersions/[0-9]+$",
    "`projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N`"
}

word! {
    /// The ARN of an Application or Network Load Balancer.
    LoadBalancerArn = "the ARN of a load balancer",
    "^arn:aws:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/(app|net)/[a-zA-Z0-9-]{1,32}/[0-9a-f]{16}$",
    "copy it from the console, or from the output of the stack that owns the load balancer"
}

word! {
    /// The ARN of a certificate in AWS Certificate Manager.
    CertificateArn = "the ARN of a certificate", "^arn:aws:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-zA-Z0-9-]+$",
    "`arn:aws:acm:REGION:ACCOUNT:certificate/ID`"
}

word! {
    /// The id of an AWS security group.
    SecurityGroupId = "a security group id", "^sg-[0-9a-f]{8,17}$",
    "`sg-` and 8 to 17 hexadecimal digits"
}

word! {
    /// What leads out of a network on AWS: a transit gateway, a virtual private gateway or a VPC peering connection.
    GatewayId = "the id of a gateway", "^(tgw|vgw|pcx)-[0-9a-f]{8,17}$",
    "`tgw-…` for a transit gateway, `vgw-…` for a virtual private gateway, or `pcx-…` for a peering connection"
}

word! {
    /// The id of a VPC of AWS.
    VpcId = "the id of a VPC", "^vpc-[0-9a-f]{8,17}$", "`vpc-` and 8 to 17 hexadecimal digits"
}

word! {
    /// The id of a subnet of AWS.
    SubnetId = "the id of a subnet", "^subnet-[0-9a-f]{8,17}$", "`subnet-` and 8 to 17 hexadecimal digits"
}

word! {
    /// A network of GCP: its full resource name.
    GcpNetwork = "a GCP network", "^projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/global/networks/[a-z]([a-z0-9-]{0,61}[a-z0-9])?$",
    "`projects/PROJECT/global/networks/NAME`"
}

word! {
    /// A subnetwork of GCP: its full resource name.
    GcpSubnetwork = "a GCP subnetwork",
    "^projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/regions/[a-z0-9-]+/subnetworks/[a-z]([a-z0-9-]{0,61}[a-z0-9])?$",
    "`projects/PROJECT/regions/REGION/subnetworks/NAME`"
}

word! {
    /// The URL of a proxy.
    ProxyUrl = "the URL of a proxy", "^http://[a-z0-9][a-z0-9.-]*:[0-9]{1,5}$", "`http://HOST:PORT`"
}

word! {
    /// The key of an entry of a machine's metadata on GCP.
    MetadataKey = "a key of metadata", "^[a-zA-Z0-9_-]{1,128}$",
    "1 to 128 letters, digits, `_` and `-`"
}

word! {
    /// The e-mail address of a GCP service account.
    ServiceAccount = "a service account", "^[a-z0-9-]{6,63}@[a-z0-9.:-]{1,63}[.]gserviceaccount[.]com$",
    "`NAME@PROJECT.iam.gserviceaccount.com`"
}

word! {
    /// The name of a queue in Amazon SQS, or the id of a subscription in Google Cloud Pub/Sub.
    QueueName = "the name of a queue", "^[a-zA-Z][a-zA-Z0-9_-]{2,79}([.]fifo)?$",
    "3 to 80 letters, digits, `-` and `_`, beginning with a letter: the queue's name in SQS or the subscription's id in Pub/Sub, not its URL"
}

word! {
    /// The ARN of an IAM policy.
    IamPolicyArn = "the ARN of an IAM policy", "^arn:aws:iam::([0-9]{12}|aws):policy/[a-zA-Z0-9+=,.@_/-]{1,512}$",
    "`arn:aws:iam::ACCOUNT:policy/NAME`"
}

word! {
    /// A predefined or custom role of GCP IAM.
    GcpRole = "a GCP role", "^(roles/[a-zA-Z0-9.]+|projects/[a-z0-9-]+/roles/[a-zA-Z0-9_.]+)$",
    "`roles/SERVICE.ROLE`, or `projects/P/roles/NAME`"
}

word! {
    /// A principal of GCP IAM: a group, a user or a service account.
    GcpMember = "a GCP member", "^(group|user|serviceAccount):[a-zA-Z0-9._+-]+@[a-zA-Z0-9.-]+$",
    "`group:NAME@DOMAIN`"
}

word! {
    /// The AWS account that publishes a vendor's images: its id, or `amazon`.
    ImageOwner = "an image owner", "^([0-9]{12}|amazon)$",
    "the vendor's 12-digit account id in quotes; Canonical is \"099720109477\""
}

word! {
    /// The name of an AWS service with interface endpoints, such as ssm or ecr.api.
    EndpointService = "the name of an AWS endpoint service", "^[a-z][a-z0-9-]*([.][a-z0-9-]+)*$",
    "the last part of com.amazonaws.REGION.NAME, such as `ssm` or `ecr.api`"
}

/// The parts of an ARN that say where a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes `arn:PARTITION:SERVICE:REGION:ACCOUNT:…`; nothing for anything else, such as an alias.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.split(':').skip(2);
        Some(Self { region: parts.next()?, account: parts.next()? })
    }
}

impl ProxyUrl {
    /// The host in `http://HOST:PORT`.
    pub(crate) fn host(&self) -> &str {
        let rest = self.as_str().trim_start_matches("http://");
        rest.split(':').next().unwrap_or(rest)
    }
}

impl GcpNetwork {
    /// The project and the name in `projects/PROJECT/global/networks/NAME`.
    pub fn parts(&self) -> (&str, &str) {
        let mut parts = self.as_str().split('/');
        (parts.nth(1).unwrap_or_default(), parts.next_back().unwrap_or_default())
    }
}

impl GcpSubnetwork {
    /// The project, the region and the name in `projects/PROJECT/regions/REGION/subnetworks/NAME`.
    pub fn parts(&self) -> (&str, &str, &str) {
        let mut parts = self.as_str().split('/');
        let project = parts.nth(1).unwrap_or_default();
        (project, parts.nth(1).unwrap_or_default(), parts.next_back().unwrap_or_default())
    }
}

impl GcpKmsKey {
    /// The location in `projects/P/locations/LOCATION/…`.
    pub(crate) fn location(&self) -> &str {
        self.as_str().split('/').nth(3).unwrap_or_default()
    }
}
