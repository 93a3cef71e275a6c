//! What a Terraform root, and so a state, covers: an account or project, a network, or a stack of compute groups.

use crate::group::Group;
use crate::scalar::{AccountName, FleetName, NetworkName, StackName};

/// What a Terraform root covers. Each has its own directory and state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// What exists once per AWS account or GCP project: identities, keys, buckets.
    Account(AccountName),
    /// A network, its proxy and its sessions.
    Network(NetworkName),
    /// Compute groups that share a state: those of one environment, unless a group names another stack.
    Stack(NetworkName, StackName),
}

impl Scope {
    /// The directory of a network's own root, beside those of its stacks. No stack may have this name.
    pub const FOUNDATION: &str = "foundation";
    /// The directory of the accounts' roots, beside those of the networks. No network can have this name.
    pub const ACCOUNTS: &str = "_accounts";

    /// The stack that holds a group.
    pub fn of(group: &Group) -> Self {
        Self::Stack(group.network.clone(), group.stack.clone())
    }

    /// The network that it is in, or is; nothing for an account.
    pub fn network(&self) -> Option<&NetworkName> {
        match self {
            Self::Account(_) => None,
            Self::Network(network) | Self::Stack(network, _) => Some(network),
        }
    }

    /// Its directory, from the root of the repository.
    pub fn directory(&self) -> String {
        format!("generated/terraform/{self}")
    }

    /// The key of its state, without the ending that a backend adds.
    pub fn state_key(&self, fleet: &FleetName) -> String {
        format!("{fleet}/{self}")
    }
}

/// Two parts, so that every root is at the same depth and reaches `terraform/modules` by the same path.
impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(account) => write!(f, "{}/{account}", Self::ACCOUNTS),
            Self::Network(network) => write!(f, "{network}/{}", Self::FOUNDATION),
            Self::Stack(network, stack) => write!(f, "{network}/{stack}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_never_share_a_directory() {
        assert!(Scope::ACCOUNTS.parse::<NetworkName>().is_err());
        let network: NetworkName = "aws-tokyo".parse().unwrap();
        let directories = [
            Scope::Account("aws".parse().unwrap()),
            Scope::Network(network.clone()),
            Scope::Stack(network, "prod".parse().unwrap()),
        ]
        .map(|scope| scope.directory());
        assert_eq!(
            directories,
            [
                "generated/terraform/_accounts/aws",
                "generated/terraform/aws-tokyo/foundation",
                "generated/terraform/aws-tokyo/prod"
            ]
        );
    }
}
