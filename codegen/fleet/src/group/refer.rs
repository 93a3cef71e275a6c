//! What a group takes from the rest of the file: its network, environment, layer, zones, tags and configuration.

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem, Span, suggest_or_list};

use super::{Config, ConfigSettings, Context, GroupSettings, Machine};
use crate::catalog;
use crate::choice::Cloud;
use crate::field::{Field, entries};
use crate::file::FleetFile;
use crate::model::Network;
use crate::origin::{Origin, Origins};
use crate::scalar::{EnvironmentName, LayerName, NetworkName, TagKey, Text, Zone};

impl GroupSettings {
    pub(super) fn network<'a>(&self, context: &Context<'a>, problems: &mut Vec<Problem>) -> Option<&'a Network> {
        let name = self.network.get()?;
        let known = context.file.network_names().map(NetworkName::as_str);
        refers("network", &self.network, known, problems)?;
        context.networks.get(name)
    }

    pub(super) fn environment(&self, file: &FleetFile, problems: &mut Vec<Problem>) -> Option<EnvironmentName> {
        let known = file.environments.get().map(Vec::as_slice).unwrap_or_default();
        let known = known.iter().filter_map(|environment| environment.get()?.name.get());
        refers("environment", &self.environment, known.map(EnvironmentName::as_str), problems)?;
        self.environment.value.clone()
    }

    pub(super) fn layer(&self, context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<LayerName> {
        let known = entries(Some(&context.file.layers)).iter().filter_map(|(name, _)| name.get());
        refers("layer", &self.layer, known.map(LayerName::as_str), problems)?;
        self.layer.value.clone().filter(|name| context.layers.contains_key(name))
    }

    pub(super) fn machine(&self, cloud: Cloud, problems: &mut Vec<Problem>) -> Option<Machine> {
        let machine_type = self.machine.value.clone()?;
        let facts = catalog::machine(cloud, &machine_type)
            .map_err(|unknown| problems.push(unknown.at(self.machine.span)))
            .ok()?;
        let attached = self.gcp.as_ref().and_then(Field::get).is_some_and(|gcp| gcp.accelerator.is_some());
        Some(Machine {
            architecture: facts.architecture,
            nvidia: facts.nvidia || (facts.attachable && attached),
            migrates: facts.migrates && !attached,
            hyperdisk: facts.hyperdisk,
            machine_type,
        })
    }

    /// The zones of the network that the group names.
    pub(super) fn zones(&self, network: &Network, problems: &mut Vec<Problem>) -> Option<Vec<Zone>> {
        let Some(zones) = &self.zones else { return Some(Vec::new()) };
        let written = zones.get()?;
        let mut chosen: Vec<Zone> = Vec::new();
        for zone in written {
            let Some(name) = zone.get() else { continue };
            if !network.zones.contains(name) {
                let known: Vec<&str> = network.zones.iter().map(AsRef::as_ref).collect();
                problems.push(
                    Problem::new(
                        Code::Zone,
                        zone.span,
                        format!("`{name}` is not a zone of the network `{}`", network.name),
                    )
                    .label(format!("the network has {}", known.join(", "))),
                );
            } else if chosen.contains(name) {
                problems.push(
                    Problem::new(Code::Zone, zone.span, format!("duplicate zone `{name}`")).label("the second one"),
                );
            } else {
                chosen.push(name.clone());
            }
        }
        if written.is_empty() {
            problems.push(
                Problem::new(Code::Zone, zones.span, "the group has no zone")
                    .hint("name zones of the network, or remove `zones` for all of them"),
            );
        }
        chosen.sort();
        Some(chosen)
    }

    /// What machines find at boot: that of the environment, and of the group in its place.
    pub(super) fn config(&self, file: &FleetFile, origins: Option<&mut Origins>) -> Option<Config> {
        let mut config = Config::default();
        let environments = file.environments.get().map(Vec::as_slice).unwrap_or_default();
        let mut environments = environments.iter().filter_map(Field::get);
        let own = environments.find(|environment| environment.name.get() == self.environment.get());
        let common = own.and_then(|own| own.config.as_ref());
        for settings in common.into_iter().chain(&self.config) {
            settings.get()?.add_to(&mut config)?;
        }
        if let Some((origins, common)) = origins.zip(common.and_then(Field::get)) {
            let replaced: Vec<String> = self
                .config
                .iter()
                .filter_map(Field::get)
                .flat_map(ConfigSettings::paths)
                .map(|(path, _)| path)
                .collect();
            for (path, span) in common.paths().filter(|(path, _)| !replaced.contains(path)) {
                origins.record(path, Origin::Environment { span }, true);
            }
        }
        Some(config)
    }

    /// The fleet's tags, with the group's own in their place.
    pub(super) fn tags(&self, context: &Context<'_>) -> Option<BTreeMap<TagKey, Text>> {
        let mut tags = context.tags.clone();
        for (key, value) in entries(self.tags.as_ref()) {
            tags.insert(key.value.clone()?, value.value.clone()?);
        }
        Some(tags)
    }

    /// Reports settings that only the other cloud has. The sections `aws` and `gcp` of a profile apply to those of its groups
    /// that run there; in a group itself the other cloud's section can only be a mistake.
    pub(super) fn report_foreign(&self, cloud: Cloud, name: Span, problems: &mut Vec<Problem>) {
        fn at<T>(field: Option<&Field<T>>) -> Option<Span> {
            field.map(|field| field.span)
        }
        fn own<T>(field: Option<&Field<T>>) -> Option<Span> {
            field.filter(|field| field.depth == 0).map(|field| field.span)
        }
        let backend = self.load_balancer.as_ref().and_then(Field::get);
        let scaling = self.scaling.as_ref().and_then(Field::get);
        let mut backends: Vec<(String, Span)> = Vec::new();
        for (name, backend) in entries(self.backends.as_ref()) {
            let Some((name, backend)) = name.get().zip(backend.get()) else { continue };
            let keys = [
                ("listener_port", at(backend.listener_port.as_ref())),
                ("certificate", at(backend.certificate.as_ref())),
            ];
            backends.extend(keys.into_iter().filter_map(|(key, span)| Some((format!("backends.{name}.{key}"), span?))));
        }
        let (here, there, spans) = match cloud {
            Cloud::Aws => ("AWS", "GCP", vec![("gcp", own(self.gcp.as_ref()))]),
            Cloud::Gcp => (
                "GCP",
                "AWS",
                vec![
                    ("aws", own(self.aws.as_ref())),
                    ("load_balancer.listener_port", at(backend.and_then(|backend| backend.listener_port.as_ref()))),
                    ("load_balancer.certificate", at(backend.and_then(|backend| backend.certificate.as_ref()))),
                    (
                        "scaling.requests_per_machine",
                        at(scaling.and_then(|scaling| scaling.requests_per_machine.as_ref())),
                    ),
                ],
            ),
        };
        let backends = backends.into_iter().filter(|_| cloud == Cloud::Gcp);
        let spans = spans.into_iter().filter_map(|(path, span)| Some((path.to_owned(), span?)));
        for (path, span) in spans.chain(backends) {
            problems.push(
                Problem::new(
                    Code::Cloud,
                    span,
                    format!("`{path}` is for groups on {there}; this group runs on {here}"),
                )
                .label(format!("only {there} has this"))
                .related(name, "this group")
                .hint("remove it, or set it to `null` if a profile sets it"),
            );
        }
    }
}

/// Reports a name that nothing has.
fn refers<'k, T: AsRef<str>>(
    what: &str,
    field: &Field<T>,
    known: impl Iterator<Item = &'k str> + Clone,
    problems: &mut Vec<Problem>,
) -> Option<()> {
    let name = field.get()?.as_ref();
    if known.clone().any(|known| known == name) {
        return Some(());
    }
    problems.push(
        Problem::new(Code::UnknownReference, field.span, format!("there is no {what} `{name}`"))
            .label(format!("not a key of `{what}s`"))
            .maybe_hint(suggest_or_list(name, known)),
    );
    None
}
