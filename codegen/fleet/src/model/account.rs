//! AWS accounts and GCP projects.

use serde::Serialize;

use crate::choice::AccountResource;
use crate::scalar::{
    AccountId, AccountName, ArtifactRepository, AwsKmsKey, Bucket, EcrRepository, GcpKmsKey, GcpProject, NetworkName,
    Region,
};

/// The AWS accounts.
#[derive(Debug, Clone, Serialize)]
pub struct AwsAccounts {
    /// The account in which images are built.
    pub builder: AwsAccount,
    /// The network in which images are built.
    pub build_network: NetworkName,
    /// The bucket with programs that go into images.
    pub artifact_bucket: Option<Bucket>,
    /// The bucket with builds' reports and SBOMs.
    pub report_bucket: Option<Bucket>,
    /// The ECR repositories that builds pull from, in the build network's region; sorted.
    pub ecr_repositories: Vec<EcrRepository>,
    /// The accounts that only run images, in the order of the file.
    pub others: Vec<AwsAccount>,
}

impl AwsAccounts {
    /// Whether images are built in this account.
    pub fn builds_in(&self, account: &AwsAccount) -> bool {
        account.name == self.builder.name
    }

    /// All accounts: first those that only run images, as what is shared with an account needs it.
    pub fn accounts(&self) -> impl Iterator<Item = &AwsAccount> {
        self.others.iter().chain([&self.builder])
    }
}

/// An AWS account.
#[derive(Debug, Clone, Serialize)]
pub struct AwsAccount {
    /// Its name in this fleet.
    pub name: AccountName,
    /// Its id.
    pub account: AccountId,
    /// The bucket with Terraform's state.
    pub state_bucket: Bucket,
    /// That bucket's region.
    pub state_region: Region,
    /// The key that encrypts disks. Without one, the account's default EBS key does.
    pub disk_key: Option<AwsKmsKey>,
    /// Whether machines start only from images of this fleet and its vendors.
    pub restrict_images: bool,
    /// What its root does not create; sorted.
    pub existing: Vec<AccountResource>,
}

/// The GCP projects.
#[derive(Debug, Clone, Serialize)]
pub struct GcpAccounts {
    /// The project in which images are built.
    pub builder: GcpAccount,
    /// The network in which images are built.
    pub build_network: NetworkName,
    /// The bucket with programs that go into images.
    pub artifact_bucket: Option<Bucket>,
    /// The bucket with builds' reports and SBOMs.
    pub report_bucket: Option<Bucket>,
    /// The repositories of Artifact Registry that builds pull from, in the build network's region; sorted.
    pub artifact_repositories: Vec<ArtifactRepository>,
    /// The projects that only run images, in the order of the file.
    pub others: Vec<GcpAccount>,
}

impl GcpAccounts {
    /// All projects: first those that only run images, as what is shared with a project needs it.
    pub fn accounts(&self) -> impl Iterator<Item = &GcpAccount> {
        self.others.iter().chain([&self.builder])
    }
}

/// A GCP project.
#[derive(Debug, Clone, Serialize)]
pub struct GcpAccount {
    /// Its name in this fleet.
    pub name: AccountName,
    /// Its id.
    pub project: GcpProject,
    /// The bucket with Terraform's state.
    pub state_bucket: Bucket,
    /// The key that encrypts disks. Without one, a key managed by Google does.
    pub disk_key: Option<GcpKmsKey>,
}
