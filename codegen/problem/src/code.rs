//! The codes of problems: one table, which the messages, docs/problems.md and `fleetgen problem` share.

/// What produces a problem, for the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Example {
    /// Sections of a fleet.yaml. A test adds them to a valid fleet and checks that the problem appears.
    Fleet(&'static str),
    /// A situation outside fleet.yaml, in words.
    Words(&'static str),
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $example:expr, $fix:literal;)+) => {
        /// What kind of problem it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code in messages.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The rule that was broken, in a sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// Something that produces it.
            pub fn example(self) -> Example {
                match self { $(Self::$name => $example,)+ }
            }

            /// How to fix it.
            pub fn fix(self) -> &'static str {
                match self { $(Self::$name => $fix,)+ }
            }
        }
    };
}

use Example::{Fleet, Words};

codes! {
    /// fleet.yaml exists, is a file of at most 16 MiB, is UTF-8 and is not empty.
    Unreadable = "unreadable", Words("Running `fleetgen check` in a directory without fleet.yaml."),
    "Run fleetgen where fleet.yaml is, or name the directory with `-C` and the file with `--fleet`.";
    /// fleet.yaml is one YAML document with at most 32 levels, and its aliases repeat at most 100,000 values.
    Yaml = "yaml", Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.large\n"),
    "Check the indentation, quotes and brackets of the marked line and of the lines above it. Indent with spaces.";
    /// Merge keys (`<<`) are not supported.
    MergeKey = "merge-key",
    Fleet("groups:\n  web: &web { profile: plain, network: aws-tokyo, machine: m7g.large }\n  api: { <<: *web }\n"),
    "Write the shared settings as a profile and name it with `profile:`. `fleetgen explain` can then show where each value comes from.";
    /// A key appears once in its mapping.
    DuplicateKey = "duplicate-key",
    Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.large }\n  web: { profile: plain, network: aws-tokyo, machine: m7g.xlarge }\n"),
    "Rename or remove one of the two. Many YAML readers silently keep the last one; fleetgen refuses both.";
    /// Every key is one that fleet.yaml has at that position.
    UnknownKey = "unknown-key",
    Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.large, sise: { max: 4 } }\n"),
    "Correct the spelling, or move the key to the mapping it belongs to. docs/fleet-yaml.md lists all keys.";
    /// Every key without a default is present.
    MissingKey = "missing-key", Fleet("groups:\n  web: { profile: plain, network: aws-tokyo }\n"),
    "Add the key. In a group, one of its profiles may set it instead.";
    /// Every value has the type that its key takes.
    WrongType = "wrong-type",
    Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.large, size: { min: two } }\n"),
    "Write a value of the expected type. Numbers that identify something, such as account ids, need quotes.";
    /// Every value has the form, and is in the range, that its key takes.
    InvalidValue = "invalid-value",
    Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.large, disk: { size: 40GB } }\n"),
    "Use the form in the hint. docs/fleet-yaml.md lists the form of every value.";
    /// The file does not contain anything that looks like a secret.
    Secret = "secret",
    Fleet("layers:\n  base:\n    description: DB_PASSWORD=hunter2hunter2\n    os: ubuntu-24.04\n    architectures: [arm64]\n    updates_until: \"2026-11-01\"\n    source: { aws_owner: \"099720109477\", aws: { arm64: ubuntu-arm64 } }\n"),
    "Replace the secret with the name of the parameter that holds it. Rotate it: Git keeps what was committed.";
    /// Every network, layer, profile, environment or load balancer that is named exists.
    UnknownReference = "unknown-reference",
    Fleet("groups:\n  web: { profile: plane, network: aws-tokyo, machine: m7g.large }\n"),
    "Correct the name, or add what it names.";
    /// Layers and profiles do not inherit from themselves.
    Cycle = "cycle",
    Fleet("profiles:\n  plain: { profile: other, description: A plain group, layer: base, environment: prod, size: { min: 1 } }\n  other: { profile: plain }\n"),
    "Remove one `parent:` or `profile:` of the cycle.";
    /// Regions exist, and zones belong to their region.
    Zone = "zone",
    Fleet("networks:\n  aws-tokyo: { cloud: aws, region: ap-northeast-1, cidr: 10.16.0.0/16, zones: [ap-northeast-1a, us-west-2a] }\n"),
    "Use zones of the network's own region. The message lists them.";
    /// Networks have room for their subnets and do not overlap.
    Cidr = "cidr",
    Fleet("networks:\n  aws-tokyo: { cloud: aws, region: ap-northeast-1, cidr: 10.16.0.0/24, zones: [ap-northeast-1a, ap-northeast-1c] }\n"),
    "Choose a CIDR from /16 to /22 that no other network uses.";
    /// Settings, keys and ARNs belong to the cloud, account and region that use them.
    Cloud = "cloud",
    Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.large, gcp: { spot: true } }\n"),
    "Remove the setting, or set it to `null` if a profile sets it. Replace a key or ARN with one of the right account and region.";
    /// Machine types exist and fit the layer's architectures and GPU driver.
    Machine = "machine", Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.larg }\n"),
    "Choose a machine type that the cloud has and that the layer is built for.";
    /// Sizes are in order (min ≤ desired ≤ max), and the disk holds the image.
    Size = "size",
    Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.large, size: { min: 4, max: 2 } }\n"),
    "Raise the maximum or lower the minimum.";
    /// Names of resources, with the prefix that fleetgen adds, are unique and within the cloud's limits.
    ResourceName = "resource-name",
    Fleet("groups:\n  override: { profile: plain, network: aws-tokyo, machine: m7g.large }\n"),
    "Shorten or change the name of the group, the environment or the fleet.";
    /// Tags and labels follow the rules of the cloud that gets them.
    Tag = "tag",
    Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.large, tags: { fleet: mine } }\n"),
    "Choose another key or value. fleetgen sets `Name`, `environment`, `fleet`, `group` and `layer` itself.";
    /// Ports do not clash, and load balancers and health checks use a port that is open.
    Port = "port",
    Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.large, ports: [{ port: 22, from: [] }] }\n"),
    "Correct the port, or its `from`.";
    /// Scaling and schedules stay within the size of the group.
    Scaling = "scaling",
    Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.large, size: { min: 2, max: 2 }, scaling: { cpu: 50% } }\n"),
    "Raise `size.max`, or remove the scaling target or schedule.";
    /// A rollout can finish: at any size, it may replace at least one machine.
    Rollout = "rollout",
    Fleet("groups:\n  web: { profile: plain, network: aws-tokyo, machine: m7g.large, rollout: { max_surge: 0 } }\n"),
    "Set `rollout.max_surge: 1` to add a machine before removing one, or `rollout.max_unavailable: 1` to remove one first.";
    /// The root of a lineage sets the operating system, and what a layer adds fits the layers below it.
    Layer = "layer",
    Fleet("layers:\n  base: { description: The base, architectures: [arm64] }\n"),
    "Set the key in the root layer, or name the `parent`.";
    /// A service that is checked comes with a package, or with a unit, of its layer or of a layer below.
    Service = "service",
    Fleet("layers:\n  base:\n    description: The base\n    os: ubuntu-24.04\n    architectures: [arm64]\n    updates_until: \"2026-11-01\"\n    source: { aws_owner: \"099720109477\", aws: { arm64: ubuntu-arm64 } }\n    services: { nginx: {} }\n"),
    "Add the package that brings the unit, or give the service a `command`.";
    /// The layers of a lineage agree on kernel settings.
    Sysctl = "sysctl",
    Fleet("layers:\n  base:\n    description: The base\n    os: ubuntu-24.04\n    architectures: [arm64]\n    updates_until: \"2026-11-01\"\n    source: { aws_owner: \"099720109477\", aws: { arm64: ubuntu-arm64 } }\n    sysctl: { kernel.kptr_restrict: \"0\" }\n"),
    "Set the kernel setting in one layer only. To weaken a hardening section, name it in `hardening_exceptions` with the reason.";
    /// Entries of `scan.ignore` have not expired, and none names a program of fleet.yaml.
    Scan = "scan",
    Fleet("layers:\n  base:\n    description: The base\n    os: ubuntu-24.04\n    architectures: [arm64]\n    updates_until: \"2026-11-01\"\n    source: { aws_owner: \"099720109477\", aws: { arm64: ubuntu-arm64 } }\n    scan: { ignore: [{ id: CVE-2026-12345, reason: not reachable here, until: \"2026-10-01\" }] }\n"),
    "Remove the entry if the vulnerability is fixed. Otherwise review the reason and set a later date. It is an error in `fleetgen check` and fails the image build; other commands only warn, from 14 days before.";
    /// The proxy allows every domain that a layer's build needs.
    Domain = "domain", Fleet("proxy:\n  domains: []\n"),
    "Add the domain to `proxy.domains`, with the reason.";
    /// A network on AWS has an endpoint for every service that its machines call.
    Endpoint = "endpoint",
    Fleet("networks:\n  aws-tokyo:\n    cloud: aws\n    region: ap-northeast-1\n    cidr: 10.16.0.0/16\n    zones: [ap-northeast-1a]\n    endpoints: [autoscalling]\n"),
    "Add the service to `endpoints` of the network: machines have no other way to AWS. `endpoints` takes the last part of com.amazonaws.REGION.NAME.";
    /// Every hand-written script and check that a layer uses is in the repository.
    Script = "script", Words("Deleting `packer/scripts/hardening/sshd.sh` and running `fleetgen generate`."),
    "Restore the file with `git checkout -- PATH`. To leave out a hardening section, name it in `hardening_exceptions` of the root layer.";
    /// Generated files are as fleetgen wrote them, and nothing else is in their place.
    Conflict = "conflict", Words("Editing a file under `generated/` and running `fleetgen generate`."),
    "Make the change in fleet.yaml instead, delete the file and run `fleetgen generate`. fleetgen never overwrites a file that it did not write.";
    /// A build's manifest and reports agree with fleet.yaml and with each other.
    Manifest = "manifest",
    Words("Running `fleetgen images record` on a manifest that was built from an older fleet.yaml."),
    "Record the build from the commit that it was built from, or build the layer again.";
    /// An image is recorded, and may be promoted: in the order of the environments, after it has soaked, and not revoked.
    Image = "image", Words("Running `fleetgen images promote KEY --to prod` before the image was promoted to stg."),
    "Promote it to the environment before first, or build and record what is missing.";
    /// A plan is as it was written, and the fleet is as it was then.
    Plan = "plan", Words("Running `fleetgen rollout start PLAN` after a group, or the plan, has changed."),
    "Make a new plan with `fleetgen rollout plan`, and review it.";
    /// A journal belongs to its plan, and nothing in it has changed or is missing.
    Journal = "journal", Words("Deleting a record of a journal and running `fleetgen rollout resume`."),
    "Restore the journal from a backup, or from an earlier version of the bucket's objects. Without it, make a new plan: it starts from what the clouds show.";
    /// One program at a time drives a rollout.
    Lease = "lease", Words("Running `fleetgen rollout resume` while another one runs."),
    "Wait until the other one ends, or stop it.";
    /// The command line names things that exist.
    Usage = "usage", Words("Running `fleetgen explain NAME` for a group that does not exist."),
    "Correct the argument that the message names.";
    /// Nothing outside fleet.yaml fails: the disk, Git, and fleetgen itself.
    Fault = "fault", Words("Running `fleetgen generate` when the disk is full."),
    "Read the message: the disk, a permission or another program may be the cause. If fleetgen itself is at fault, please report it.";
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_is_different() {
        let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Code::ALL.len());
    }
}
