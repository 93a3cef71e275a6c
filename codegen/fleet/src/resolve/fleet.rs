//! The sections of fleet.yaml other than networks, layers and groups.

use std::collections::BTreeMap;

use crate::choice::{Architecture, Cloud, ProxyClient};
use crate::draft::{Draft, WrittenAwsAccount, WrittenGcpAccount};
use crate::field::{Entries, Field, Optional as _, entries, list, set};
use crate::file::{self, FleetFile};
use crate::gate;
use crate::group::Group;
use crate::model::{
    Access, AllowedDomain, AwsAccount, AwsAccounts, Environment, Fleet, Freeze, GcpAccount, GcpAccounts, JournalPlace,
    Proxy, RolloutPolicy, Runner, Signing, Window,
};
use crate::scalar::{Duration, EnvironmentName, GroupName, Lasting, NetworkName, Number, Port, TagKey, Text, TimeZone};

pub(super) fn tags(file: &FleetFile) -> BTreeMap<TagKey, Text> {
    let tags = file.fleet.get().and_then(|about| about.tags.as_ref()).and_then(Field::get);
    tags.into_iter().flat_map(Entries::iter).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Puts the fleet together. Nothing is missing if nothing was reported.
pub(super) fn assemble(draft: Draft<'_>, groups: BTreeMap<GroupName, Group>) -> Option<Fleet> {
    let file = draft.file;
    let about = file.fleet.get()?;
    let written = file.environments.get()?.iter().filter_map(Field::get);
    let environments: Vec<Environment> = written.filter_map(environment).collect();
    let names: Vec<EnvironmentName> = environments.iter().map(|environment| environment.name.clone()).collect();
    Some(Fleet {
        name: about.name.value.clone()?,
        repository: about.repository.value.clone()?,
        owner_id: about.owner_id.as_ref().and_then(|id| id.value.clone()),
        repository_id: about.repository_id.as_ref().and_then(|id| id.value.clone()),
        owners: list(Some(&about.owners)),
        tags: draft.tags.clone(),
        aws: draft.aws_account().and_then(|account| aws(account, &draft)),
        gcp: draft.gcp_account().and_then(|account| gcp(account, &draft)),
        environments,
        proxy: proxy(file.proxy.get()?, &draft)?,
        runner: match &file.runner {
            None => None,
            Some(runner) => Some(self::runner(runner.get()?)?),
        },
        access: access(file.access.get()?)?,
        signing: signing(file.signing.get()?),
        rollout: rollout(file.rollout.section()?.as_ref(), &names)?,
        profiles: entries(file.profiles.as_ref()).iter().filter_map(|(name, _)| name.value.clone()).collect(),
        networks: draft.networks,
        layers: draft.layers,
        groups,
    })
}

fn aws(written: &file::AwsAccount, draft: &Draft<'_>) -> Option<AwsAccounts> {
    let account = |account: &WrittenAwsAccount<'_>| {
        Some(AwsAccount {
            name: account.name.clone(),
            account: account.account.value.clone()?,
            state_bucket: account.state_bucket.value.clone()?,
            state_region: account.state_region.value.clone()?,
            disk_key: account.disk_key.and_then(|key| key.value.clone()),
            restrict_images: account.restrict_images.map_or(Some(false), |field| field.value)?,
            existing: set(account.existing),
        })
    };
    let accounts = draft.aws_accounts();
    let (builder, others) = accounts.split_first()?;
    Some(AwsAccounts {
        builder: account(builder)?,
        build_network: draft.build_network(Cloud::Aws)?.name.clone(),
        artifact_bucket: written.artifact_bucket.as_ref().and_then(|bucket| bucket.value.clone()),
        report_bucket: written.report_bucket.as_ref().and_then(|bucket| bucket.value.clone()),
        ecr_repositories: set(written.ecr_repositories.as_ref()),
        others: others.iter().filter_map(account).collect(),
    })
}

fn gcp(written: &file::GcpAccount, draft: &Draft<'_>) -> Option<GcpAccounts> {
    let account = |account: &WrittenGcpAccount<'_>| {
        Some(GcpAccount {
            name: account.name.clone(),
            project: account.project.value.clone()?,
            state_bucket: account.state_bucket.value.clone()?,
            disk_key: account.disk_key.and_then(|key| key.value.clone()),
        })
    };
    let accounts = draft.gcp_accounts();
    let (builder, others) = accounts.split_first()?;
    Some(GcpAccounts {
        builder: account(builder)?,
        build_network: draft.build_network(Cloud::Gcp)?.name.clone(),
        artifact_bucket: written.artifact_bucket.as_ref().and_then(|bucket| bucket.value.clone()),
        report_bucket: written.report_bucket.as_ref().and_then(|bucket| bucket.value.clone()),
        artifact_repositories: set(written.artifact_repositories.as_ref()),
        others: others.iter().filter_map(account).collect(),
    })
}

fn environment(environment: &file::Environment) -> Option<Environment> {
    let windows = environment.windows.iter().filter_map(Field::get).flatten();
    let windows = windows.filter_map(|window| {
        let window = window.get()?;
        Some(Window {
            days: set(Some(&window.days)),
            from: window.from.value.clone()?,
            to: window.to.value.clone()?,
            time_zone: window.time_zone.value.clone()?,
        })
    });
    Some(Environment {
        name: environment.name.value.clone()?,
        approval: *environment.approval.get()?,
        windows: windows.collect(),
        gates: gate::resolve(environment.gates.as_ref(), &mut Vec::new())?,
        soak: environment.soak.default_to(Lasting(Duration::from_seconds(3_600)))?.0,
    })
}

fn proxy(proxy: &file::Proxy, draft: &Draft<'_>) -> Option<Proxy> {
    let everywhere: Vec<NetworkName> = draft.networks.keys().cloned().collect();
    let layer = proxy.layer.read()?;
    let has_arm64 = match &layer {
        Some(layer) => draft.layers.get(layer)?.architectures.contains(&Architecture::Arm64),
        None => draft.vendor_image(Cloud::Aws, Architecture::Arm64).is_some(),
    };
    let has_amd64 = draft.vendor_image(Cloud::Gcp, Architecture::Amd64).is_some();
    let gcp_machine = if has_amd64 { "e2-small" } else { "c4a-standard-1" };
    let aws_machine = if has_arm64 { "t4g.small" } else { "t3.small" };
    let mut domains: Vec<AllowedDomain> = proxy
        .domains
        .get()?
        .iter()
        .filter_map(|field| {
            let domain = field.get()?;
            let networks = match &domain.networks {
                None => everywhere.clone(),
                named => set(named.as_ref()),
            };
            let clients = match &domain.clients {
                None => vec![ProxyClient::Builds],
                named => set(named.as_ref()),
            };
            Some(AllowedDomain {
                domain: domain.domain.value.clone()?,
                reason: domain.reason.value.clone()?,
                clients,
                networks,
            })
        })
        .collect();
    domains.sort_by(|a, b| a.domain.cmp(&b.domain));
    Some(Proxy {
        port: proxy.port.default_to(Port::try_from(3128).ok()?)?,
        layer,
        aws_machine: proxy.aws_machine.default_to(aws_machine.parse().ok()?)?,
        gcp_machine: proxy.gcp_machine.default_to(gcp_machine.parse().ok()?)?,
        domains,
    })
}

fn runner(runner: &file::Runner) -> Option<Runner> {
    Some(Runner {
        app: runner.app.value.clone()?,
        app_key: runner.app_key.value.clone()?,
        machine: runner.machine.default_to("m7i.large".parse().ok()?)?,
        machines: runner.machines.default_to(Number(2))?.0,
    })
}

fn access(access: &file::Access) -> Option<Access> {
    Some(Access {
        idle_timeout: access.idle_timeout.default_to(Lasting(Duration::from_seconds(20 * 60)))?.0,
        max_duration: access.max_duration.default_to(Lasting(Duration::from_seconds(8 * 3_600)))?.0,
        log_retention: access.log_retention.default_to(Lasting(Duration::from_seconds(365 * 86_400)))?.0,
        run_as: access.run_as.value.clone()?,
        gcp_members: set(access.gcp_members.as_ref()),
    })
}

fn signing(signing: &file::Signing) -> Signing {
    let key = signing.aws_key.as_ref().and_then(|key| key.value.clone());
    let region = signing.aws_region.as_ref().and_then(|region| region.value.clone());
    Signing {
        aws: key.zip(region),
        gcp: signing.gcp_key.as_ref().and_then(|key| key.value.clone()),
        public_key: signing.public_key.as_ref().and_then(|key| key.value.clone()),
    }
}

fn rollout(policy: &file::RolloutPolicy, environments: &[EnvironmentName]) -> Option<RolloutPolicy> {
    Some(RolloutPolicy {
        groups_at_once: policy.groups_at_once.default_to(Number(4))?.0,
        stop_after_failures: policy.stop_after_failures.default_to(Number(1))?.0,
        bake: policy.bake.default_to(Duration::from_seconds(600))?,
        freezes: list(policy.freezes.as_ref()).iter().filter_map(|field| freeze(field, environments)).collect(),
        journal: match &policy.journal {
            None => JournalPlace::Directory,
            Some(place) => journal(place.get()?)?,
        },
    })
}

fn freeze(freeze: &file::Freeze, environments: &[EnvironmentName]) -> Option<Freeze> {
    let named = freeze.environments.as_ref().map(|named| list(Some(named)));
    let applies = |name: &&EnvironmentName| named.as_ref().is_none_or(|named| named.contains(*name));
    Some(Freeze {
        reason: freeze.reason.value.clone()?,
        from: freeze.from.value.clone()?,
        until: freeze.until.value.clone()?,
        time_zone: freeze.time_zone.default_to(TimeZone::try_from("UTC".to_owned()).ok()?)?,
        environments: environments.iter().filter(applies).cloned().collect(),
    })
}

fn journal(place: &file::JournalPlace) -> Option<JournalPlace> {
    Some(JournalPlace::Bucket {
        cloud: *place.cloud.get()?,
        bucket: place.bucket.value.clone()?,
        region: place.region.read()?,
        prefix: place.prefix.default_to("rollouts".parse().ok()?)?,
    })
}
