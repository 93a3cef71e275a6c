//! Free text, and values whose form is fixed outside the clouds.

use super::word;

word! {
    /// Text for people, up to 255 characters, without control characters other than tab and newline.
    Text = "a text of 1 to 255 characters without control characters other than tab and newline", r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]{1,255}$",
    "shorten it, and remove control characters other than tab and newline"
}

word! {
    /// The name of an environment variable.
    VariableName = "the name of an environment variable", "^[a-zA-Z_][a-zA-Z0-9_]{0,127}$",
    "letters, digits and `_`; it does not start with a digit"
}

word! {
    /// The key of a tag (AWS) or label (GCP).
    TagKey = "a tag key", "^[a-zA-Z][a-zA-Z0-9_.:/=+@-]{0,127}$",
    "1 to 128 letters, digits and `_ . : / = + - @`; start with a letter"
}

word! {
    /// A word of letters, digits, `_`, `.` and `-`.
    Word = "a word", "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$",
    "letters, digits, `_`, `.` and `-`"
}

word! {
    /// A version as its publisher writes it, such as 1.4.2.
    Version = "a version", r"^[a-zA-Z0-9][a-zA-Z0-9.+~:_-]{0,63}$",
    "in quotes, as its publisher writes it, such as \"1.4.2\""
}

word! {
    /// A GitHub repository: OWNER/NAME.
    RepositoryName = "a GitHub repository", "^[a-zA-Z0-9][a-zA-Z0-9-]{0,38}/[a-zA-Z0-9._-]{1,100}$",
    "write `OWNER/NAME`"
}

word! {
    /// The id of a GitHub user, organization or repository, in quotes.
    GithubId = "a GitHub id", "^[1-9][0-9]{0,18}$",
    "digits in quotes, such as \"456789\"; `gh api repos/OWNER/NAME` shows them"
}

word! {
    /// A domain. A leading dot includes its subdomains.
    Domain = "a domain", r"^[.]?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]{2,24}$",
    "write a lower-case domain without protocol, port or path; `.example.com` includes its subdomains"
}

word! {
    /// A SHA-256 digest: 64 hexadecimal digits.
    Sha256 = "a SHA-256 digest", "^[0-9a-f]{64}$",
    "64 lower-case hexadecimal digits"
}

impl From<[u8; 32]> for Sha256 {
    fn from(digest: [u8; 32]) -> Self {
        Self(hex::encode(digest))
    }
}

word! {
    /// A layer's key: a digest of everything that can change its image.
    Key = "the key of a layer", "^[0-9a-f]{32}$",
    "32 lower-case hexadecimal digits, as `fleetgen layers` shows them"
}

impl Key {
    /// Its first twelve digits, for people and names.
    pub fn short(&self) -> &str {
        self.as_str().get(..12).unwrap_or_default()
    }
}

word! {
    /// A commit.
    CommitId = "a commit", "^[0-9a-f]{40}$",
    "40 hexadecimal digits, as `git rev-parse HEAD` prints them"
}

word! {
    /// An image's id in its cloud: an AMI id, or the path of a Compute Engine image.
    ImageId = "the id of an image",
    "^(ami-([0-9a-f]{8}|[0-9a-f]{17})|projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/global/images/[a-z]([a-z0-9-]{0,61}[a-z0-9])?)$",
    "`ami-` and 8 or 17 hexadecimal digits, or `projects/PROJECT/global/images/NAME`"
}

word! {
    /// A container image by digest: REGISTRY/REPOSITORY@sha256:DIGEST.
    ImageReference = "a container image by digest",
    r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+(:[a-zA-Z0-9._-]{1,127})?@sha256:[0-9a-f]{64}$",
    "write `REGISTRY/REPOSITORY@sha256:DIGEST`; a tag alone can move"
}

impl ImageReference {
    /// The host and port of the registry; nothing if the first part is a name, which Docker takes for one on Docker Hub.
    pub fn registry(&self) -> Option<&str> {
        self.as_str().split('/').next().filter(|first| first.contains(['.', ':']))
    }

    /// Where the image is in Amazon ECR, if it is there.
    pub fn ecr(&self) -> Option<EcrImage<'_>> {
        let (registry, rest) = self.as_str().split_once('/')?;
        let (account, host) = registry.split_once(".dkr.ecr.")?;
        let region = host.strip_suffix(".amazonaws.com")?;
        let repository = rest.split(['@', ':']).next()?;
        Some(EcrImage { registry, account, region, repository })
    }
}

impl ImageReference {
    /// Where the image is in Artifact Registry, if it is there.
    pub fn artifact_registry(&self) -> Option<ArtifactImage<'_>> {
        let (registry, rest) = self.as_str().split_once('/')?;
        let location = registry.strip_suffix("-docker.pkg.dev")?;
        let mut parts = rest.split('/');
        let (project, repository) = (parts.next()?, parts.next()?);
        Some(ArtifactImage { registry, location, project, repository })
    }
}

/// Where an image is in Artifact Registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArtifactImage<'a> {
    /// The registry's host name.
    pub registry: &'a str,
    /// Its location, such as `asia-northeast1`.
    pub location: &'a str,
    /// The id of its project.
    pub project: &'a str,
    /// The repository, which has several images.
    pub repository: &'a str,
}

word! {
    /// The name of a repository in Artifact Registry.
    ArtifactRepository = "the name of a repository in Artifact Registry", "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$",
    "1 to 63 lower-case letters, digits and hyphens, such as `fleet`"
}

/// Where an image is in Amazon ECR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcrImage<'a> {
    /// The registry's host name.
    pub registry: &'a str,
    /// The id of its account.
    pub account: &'a str,
    /// Its region.
    pub region: &'a str,
    /// The repository.
    pub repository: &'a str,
}

word! {
    /// The name of a repository in Amazon ECR.
    EcrRepository = "the name of an ECR repository", "^([a-z0-9]+([._-][a-z0-9]+)*/)*[a-z0-9]+([._-][a-z0-9]+)*$",
    "lower-case letters, digits, `.`, `_`, `-` and `/`, such as `example/vision`"
}

word! {
    /// The client id of a GitHub App, or its number.
    GithubApp = "the id of a GitHub App", "^([0-9]{1,20}|Iv[0-9A-Za-z.]{4,40})$",
    "the client id that the app's page shows, such as `Iv23liExample`"
}

word! {
    /// Times, as systemd.time(7) describes them, such as `*-*-* 03:00:00`.
    Calendar = "a calendar of systemd", "^[a-zA-Z0-9*][a-zA-Z0-9*,.:/~_ -]{0,99}$",
    "such as `*-*-* 03:00:00`, `Mon..Fri 08:30` or `hourly`; `systemd-analyze calendar` checks it"
}

word! {
    /// An amount of memory, as systemd writes it: 512M, or 4G.
    Memory = "an amount of memory", "^[1-9][0-9]{0,6}[MG]$",
    "such as `512M` or `4G`"
}

word! {
    /// The name of a secret in AWS Secrets Manager, or its id in GCP's Secret Manager.
    SecretName = "the name of a secret", "^[a-zA-Z0-9/_+=.@-]{1,512}$",
    "letters, digits and `/_+=.@-`, such as `example/github-app`"
}

word! {
    /// The URL of a file: https, s3, gs, or artifacts for a path in the artifact bucket of the cloud that an image is built
    /// on.
    Url = "a URL of a file", r"^(https|s3|gs|artifacts)://[a-zA-Z0-9][a-zA-Z0-9./_~+%=@-]*$",
    "https://, s3://, gs:// or artifacts://, without query, user or port"
}

impl Url {
    /// The path in the artifact bucket, of an `artifacts://` URL.
    pub fn artifact(&self) -> Option<&str> {
        self.as_str().strip_prefix("artifacts://")
    }
}

word! {
    /// A URL that answers GET requests: http or https.
    HttpUrl = "an HTTP URL", r"^https?://[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-zA-Z0-9._~%+=&?/@:-]*)?$",
    "http:// or https://, a host and a path, without a user or password"
}

word! {
    /// The name of a `CloudWatch` alarm, or the id of an alerting policy on GCP.
    AlarmName = "the name of an alarm", "^[a-zA-Z0-9][a-zA-Z0-9 _.:/()-]{0,254}$",
    "the alarm's name on AWS, or `projects/P/alertPolicies/ID` on GCP"
}

word! {
    /// A user or team on GitHub, such as `@octocat` or `@example/platform`, or the email address of a user.
    Owner = "an owner", r"^(@[a-zA-Z0-9][a-zA-Z0-9-]{0,38}(/[a-zA-Z0-9][a-zA-Z0-9._-]*)?|[a-zA-Z0-9._+-]+@[a-zA-Z0-9][a-zA-Z0-9.-]*)$",
    "`@user`, `@organization/team` or an email address"
}

word! {
    /// A prefix of the objects of a bucket, without a final slash.
    BucketPrefix = "a prefix in a bucket", "^[a-zA-Z0-9][a-zA-Z0-9._-]*(/[a-zA-Z0-9][a-zA-Z0-9._-]*)*$",
    "words of letters, digits, `.`, `_` and `-`, separated by `/`"
}

word! {
    /// The URL of a mirror of a distribution's archive.
    MirrorUrl = "the URL of a package mirror", r"^https?://[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-zA-Z0-9._~+-]+)*$",
    "http:// or https://, a host and a path, without a final `/`; http is fine, since packages are signed"
}

word! {
    /// An artifact in a container registry, by tag: REGISTRY/REPOSITORY:TAG.
    OciRepository = "an artifact of a container registry",
    r"^[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9._-]+)+:[a-zA-Z0-9._-]{1,127}$",
    "`REGISTRY/REPOSITORY:TAG`"
}

word! {
    /// A public key as Cosign exports it: PEM.
    PublicKey = "a public key in PEM",
    r"^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=]{1,64}\n){1,40}-----END PUBLIC KEY-----\n?$",
    "what `cosign public-key --key KMS` prints, as a block after `|`"
}

word! {
    /// An IPv4 or IPv6 address.
    IpAddress = "an IP address", "^(([0-9]{1,3}[.]){3}[0-9]{1,3}|[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7})$",
    "such as 127.0.0.1 or ::1"
}

word! {
    /// An absolute path on a machine.
    AbsolutePath = "an absolute path", r"^(/[a-zA-Z0-9_+@-][a-zA-Z0-9_.+@-]*|/[.][a-zA-Z0-9_+@-][a-zA-Z0-9_.+@-]*)+$",
    "letters, digits and `_ . + @ -`, without `..`, spaces and a final `/`"
}

word! {
    /// A branch of the NVIDIA driver, such as 580.
    DriverBranch = "a branch of the NVIDIA driver", "^[1-9][0-9]{2}$",
    "three digits in quotes, such as \"580\""
}

impl DriverBranch {
    /// The branch as a number. Newer ones are larger.
    pub fn number(&self) -> u32 {
        self.0.parse().unwrap_or_default()
    }
}

word! {
    /// The mode of a file: four octal digits, in quotes.
    FileMode = "a file mode", "^[0-7]{4}$",
    "four octal digits in quotes, such as \"0644\""
}

word! {
    /// The name of a kernel setting, such as `net.ipv4.ip_forward`.
    SysctlKey = "a kernel setting", "^[a-z][a-z0-9_-]*([.][a-z0-9_-]+)+$",
    "the name that sysctl knows, such as `net.ipv4.ip_forward`"
}

word! {
    /// The exact name of a vendor's image.
    VendorImage = "the name of a vendor's image", "^[a-zA-Z0-9][a-zA-Z0-9._/ -]{2,127}$",
    "write the exact name, without `*`: the image must not change by itself"
}

impl VendorImage {
    /// The day in the name, on which the vendor built the image: eight digits, as in
    /// `ubuntu-noble-24.04-arm64-server-20261101` and `debian-12-bookworm-v20261110`.
    pub(crate) fn date(&self) -> Option<super::Date> {
        let digits = self.0.rsplit(|character: char| !character.is_ascii_digit()).find(|digits| digits.len() == 8)?;
        format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]).try_into().ok()
    }
}

word! {
    /// The path of a program on a machine. From the third name on, `*` matches any part of a name.
    ProgramPath = "the path of a program", "^/[a-zA-Z0-9_.+@-]+/[a-zA-Z0-9_.+@-]+(/[a-zA-Z0-9_.+@*-]+)*$",
    "such as /usr/bin/dockerd, or with `*` after two names, as in /usr/bin/docker*"
}

word! {
    /// The id of a vulnerability, such as CVE-2026-12345.
    VulnerabilityId = "the id of a vulnerability", "^(CVE-[0-9]{4}-[0-9]{4,7}|GHSA(-[a-z0-9]{4}){3}|[A-Z]{2,8}-[A-Z0-9-]{2,30})$",
    "such as CVE-2026-12345"
}
