//! The layers: each inherits from its parent what it does not set.

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem, Span, suggest_or_list};

use super::service::service;
use crate::choice::{Architecture, Docker, Hardening, Severity, Transport};
use crate::field::{Entries, Field, Optional as _, entries, list, set};
use crate::file::{self, FleetFile};
use crate::model::{
    Binary, ByArchitecture, HttpCheck, Layer, LayerFile, LayerPort, Nvidia, Scan, ScanIgnore, User, VendorImages,
};
use crate::scalar::{Gibibytes, LayerName, MachineType, Number};

type Written<'a> = BTreeMap<&'a LayerName, (Span, &'a file::Layer)>;

/// Resolves every layer whose lineage is complete.
pub(super) fn layers(file: &FleetFile, problems: &mut Vec<Problem>) -> BTreeMap<LayerName, Layer> {
    let written: Written<'_> = entries(Some(&file.layers))
        .iter()
        .filter_map(|(name, layer)| Some((name.get()?, (name.span, layer.get()?))))
        .collect();
    let mut layers = BTreeMap::new();
    for (name, (span, _)) in &written {
        // From the root down, so that a parent is resolved before its children.
        for name in lineage(&written, name, *span, problems).into_iter().rev() {
            if layers.contains_key(name) {
                continue;
            }
            let Some((span, layer)) = written.get(name) else { continue };
            let parent = layer.parent.as_ref().and_then(Field::get).and_then(|parent| layers.get(parent));
            let resolving = Resolving { name, at: *span, layer, parent };
            if let Some(resolved) = resolving.resolve(problems) {
                layers.insert(name.clone(), resolved);
            }
        }
    }
    layers
}

/// A layer and those it is built on, nearest first; empty if the lineage has no root.
fn lineage<'a>(
    written: &Written<'a>,
    first: &'a LayerName,
    span: Span,
    problems: &mut Vec<Problem>,
) -> Vec<&'a LayerName> {
    let mut lineage = vec![first];
    let mut current = first;
    while let Some((_, layer)) = written.get(current) {
        let Some(parent) = &layer.parent else { return lineage };
        let Some(name) = parent.get() else { break };
        if name == first {
            problems.push(
                Problem::new(Code::Cycle, span, format!("layer `{first}` is built on itself"))
                    .hint("remove `parent:` from one of the layers of the cycle"),
            );
            break;
        }
        let Some((known, _)) = written.get_key_value(name) else {
            if current == first {
                problems.push(
                    Problem::new(Code::UnknownReference, parent.span, format!("there is no layer `{name}`"))
                        .label("not a key of `layers`")
                        .maybe_hint(suggest_or_list(name.as_str(), written.keys().map(AsRef::as_ref))),
                );
            }
            break;
        };
        if lineage.contains(known) {
            break;
        }
        lineage.push(known);
        current = known;
    }
    Vec::new()
}

/// A layer that is being resolved.
struct Resolving<'a> {
    name: &'a LayerName,
    at: Span,
    layer: &'a file::Layer,
    parent: Option<&'a Layer>,
}

impl Resolving<'_> {
    fn resolve(&self, problems: &mut Vec<Problem>) -> Option<Layer> {
        let (layer, parent) = (self.layer, self.parent);
        // All of the root's keys are looked at before a missing one ends the layer.
        let root = self.root_keys(problems);
        let architectures = self.architectures(problems);
        let root = root?;
        Some(Layer {
            name: self.name.clone(),
            description: layer.description.value.clone()?,
            ancestors: parent
                .into_iter()
                .flat_map(|parent| std::iter::once(&parent.name).chain(&parent.ancestors).cloned())
                .collect(),
            os: root.os,
            architectures: architectures?,
            source: root.source,
            updates_until: root.updates_until,
            mirror: root.mirror,
            hardening: root.hardening,
            hardening_exceptions: map(layer.hardening_exceptions.as_ref(), |reason| Some(reason.clone())),
            docker: layer.docker.default_to(parent.map_or(Docker::None, |parent| parent.docker))?,
            nvidia: nvidia(layer, parent)?,
            packages: set(layer.packages.as_ref()),
            users: map(layer.users.as_ref(), user),
            sysctl: map(layer.sysctl.as_ref(), |value| Some(value.clone())),
            binaries: map(layer.binaries.as_ref(), binary),
            containers: map(layer.containers.as_ref(), |container| container.image.value.clone()),
            files: map(layer.files.as_ref(), layer_file),
            services: entries(layer.services.as_ref())
                .iter()
                .filter_map(|(name, value)| Some((name.value.clone()?, service(name.get()?, value.get()?)?)))
                .collect(),
            ports: list(layer.ports.as_ref()).iter().filter_map(port).collect(),
            http_checks: list(layer.http_checks.as_ref()).iter().filter_map(http_check).collect(),
            scan: scan(layer, parent)?,
            disk: layer.disk.default_to(parent.map_or(Gibibytes(10), |parent| parent.disk))?,
            aws_builder: builder(layer.aws_builder.as_ref(), parent.map(|parent| &parent.aws_builder), "m7i.large")?,
            gcp_builder: builder(
                layer.gcp_builder.as_ref(),
                parent.map(|parent| &parent.gcp_builder),
                "n2-standard-2",
            )?,
            aws_builder_zones: match (&layer.aws_builder_zones, parent) {
                (None, Some(parent)) => parent.aws_builder_zones.clone(),
                (zones, _) => set(zones.as_ref()),
            },
            gcp_builder_zone: match (&layer.gcp_builder_zone, parent) {
                (None, Some(parent)) => parent.gcp_builder_zone.clone(),
                (zone, _) => zone.as_ref().and_then(|zone| zone.value.clone()),
            },
        })
    }

    /// What the root of a lineage sets, and every other layer inherits.
    fn root_keys(&self, problems: &mut Vec<Problem>) -> Option<RootKeys> {
        let (layer, parent) = (self.layer, self.parent);
        let os = self.root_key("os", layer.os.as_ref(), |parent| parent.os, None, problems);
        let updates_until = self.root_key(
            "updates_until",
            layer.updates_until.as_ref(),
            |parent| parent.updates_until.clone(),
            None,
            problems,
        );
        let source = layer.source.as_ref().map(|field| Field {
            span: field.span,
            depth: field.depth,
            value: field.get().map(vendor_images),
        });
        let source = self.root_key("source", source.as_ref(), |parent| parent.source.clone(), None, problems);
        let mirror = layer.mirror.as_ref().map(|field| Field {
            span: field.span,
            depth: field.depth,
            value: field.value.clone().map(Some),
        });
        let mirror = self.root_key("mirror", mirror.as_ref(), |parent| parent.mirror.clone(), Some(None), problems);
        let hardening = self.root_key(
            "hardening",
            layer.hardening.as_ref(),
            |parent| parent.hardening,
            Some(Hardening::CisLevel1),
            problems,
        );
        // Inherited from nothing: the parent could not be resolved, which has been reported.
        if layer.parent.is_some() && parent.is_none() {
            return None;
        }
        Some(RootKeys {
            os: os?,
            source: source?,
            updates_until: updates_until?,
            mirror: mirror?,
            hardening: hardening?,
        })
    }

    /// A key that only the root of a lineage may set.
    fn root_key<T: Clone>(
        &self,
        key: &str,
        field: Option<&Field<T>>,
        inherited: impl FnOnce(&Layer) -> T,
        default: Option<T>,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        match (field, self.layer.parent.is_none()) {
            (Some(field), true) => field.value.clone(),
            (None, false) => self.parent.map(inherited),
            (None, true) => {
                if default.is_none() {
                    problems.push(
                        Problem::new(
                            Code::Layer,
                            self.at,
                            format!("missing key `{key}`: a layer without `parent` is a root"),
                        )
                        .label(format!("`{key}` is required here"))
                        .hint(format!("add `{key}`, or name the `parent` that it is built on")),
                    );
                }
                default
            }
            (Some(field), false) => {
                problems.push(
                    Problem::new(Code::Layer, field.span, format!("only the root of a lineage sets `{key}`"))
                        .label("this layer has a parent")
                        .hint("remove it: the root's value applies to the whole lineage"),
                );
                None
            }
        }
    }

    fn architectures(&self, problems: &mut Vec<Problem>) -> Option<Vec<Architecture>> {
        let Some(field) = &self.layer.architectures else {
            if self.layer.parent.is_none() {
                problems.push(
                    Problem::new(
                        Code::Layer,
                        self.at,
                        "missing key `architectures`: a layer without `parent` is a root",
                    )
                    .label("`architectures` is required here")
                    .hint("add `architectures: [amd64]`, `[arm64]` or both"),
                );
            }
            return self.parent.map(|parent| parent.architectures.clone());
        };
        let architectures = set(Some(field));
        if architectures.is_empty() {
            problems.push(Problem::new(Code::Layer, field.span, "a layer is built for at least one architecture"));
            return None;
        }
        if let Some(parent) = self.parent
            && let Some(extra) = architectures.iter().find(|architecture| !parent.architectures.contains(architecture))
        {
            problems.push(
                Problem::new(Code::Layer, field.span, format!("its parent `{}` is not built for {extra}", parent.name))
                    .hint(format!("add {extra} to the architectures of `{}`", parent.name)),
            );
            return None;
        }
        Some(architectures)
    }
}

/// What the root of a lineage sets.
struct RootKeys {
    os: crate::choice::Os,
    source: VendorImages,
    updates_until: crate::scalar::Date,
    mirror: Option<crate::scalar::MirrorUrl>,
    hardening: Hardening,
}

/// The driver of the layer, or of its parent. The outer `Option` is empty if it is wrong.
#[expect(clippy::option_option, reason = "unset and wrong are different things")]
fn nvidia(layer: &file::Layer, parent: Option<&Layer>) -> Option<Option<Nvidia>> {
    let Some(field) = &layer.nvidia else { return Some(parent.and_then(|parent| parent.nvidia.clone())) };
    let nvidia = field.get()?;
    Some(Some(Nvidia {
        branch: nvidia.branch.value.clone()?,
        container_toolkit: nvidia.container_toolkit.default_to(true)?,
        fabric_manager: nvidia.fabric_manager.default_to(false)?,
    }))
}

fn builder(field: Option<&Field<MachineType>>, parent: Option<&MachineType>, default: &str) -> Option<MachineType> {
    match (field, parent) {
        (Some(field), _) => field.value.clone(),
        (None, Some(parent)) => Some(parent.clone()),
        (None, None) => default.parse().ok(),
    }
}

fn map<K: Clone + Ord, V, R>(field: Option<&Field<Entries<K, V>>>, read: impl Fn(&V) -> Option<R>) -> BTreeMap<K, R> {
    entries(field).iter().filter_map(|(key, value)| Some((key.value.clone()?, read(value.get()?)?))).collect()
}

fn by_architecture<T: Clone>(field: Option<&Field<file::ByArchitecture<T>>>) -> ByArchitecture<T> {
    let value = field.and_then(Field::get);
    let of = |architecture, field: Option<&Field<T>>| Some((architecture, field?.value.clone()?));
    [
        of(Architecture::Amd64, value.and_then(|value| value.amd64.as_ref())),
        of(Architecture::Arm64, value.and_then(|value| value.arm64.as_ref())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn vendor_images(source: &file::Source) -> VendorImages {
    let aws_owner = source.aws_owner.as_ref().and_then(|owner| owner.value.clone());
    let gcp_project = source.gcp_project.as_ref().and_then(|project| project.value.clone());
    VendorImages {
        aws: aws_owner.map(|owner| (owner, by_architecture(source.aws.as_ref()))),
        gcp: gcp_project.map(|project| (project, by_architecture(source.gcp.as_ref()))),
    }
}

fn user(user: &file::User) -> Option<User> {
    Some(User {
        uid: user.uid.get()?.0,
        groups: set(user.groups.as_ref()),
        home: user.home.as_ref().and_then(|home| home.value.clone()),
    })
}

fn binary(binary: &file::Binary) -> Option<Binary> {
    Some(Binary {
        version: binary.version.value.clone()?,
        url: by_architecture(Some(&binary.url)),
        sha256: by_architecture(Some(&binary.sha256)),
        signature: by_architecture(Some(&binary.signature)),
    })
}

pub(crate) fn layer_file(file: &file::LayerFile) -> Option<LayerFile> {
    Some(LayerFile {
        content: file.content.value.clone()?,
        owner: file.owner.as_ref().and_then(|owner| owner.value.clone()),
        group: file.group.as_ref().and_then(|group| group.value.clone()),
        mode: file.mode.as_ref().and_then(|mode| mode.value.clone()),
    })
}

fn port(port: &file::LayerPort) -> Option<LayerPort> {
    Some(LayerPort {
        port: *port.port.get()?,
        protocol: port.protocol.default_to(Transport::Tcp)?,
        address: port.address.as_ref().and_then(|address| address.value.clone()),
        process: port.process.as_ref().and_then(|process| process.value.clone()),
    })
}

fn http_check(check: &file::HttpCheck) -> Option<HttpCheck> {
    Some(HttpCheck {
        port: *check.port.get()?,
        path: check.path.as_ref().map_or(Some("/".to_owned()), |path| Some(path.get()?.as_str().to_owned()))?,
        status: check.status.default_to(Number(200))?.0,
    })
}

/// Where Trivy itself looks first.
const TRIVY_DATABASE: &str = "mirror.gcr.io/aquasec/trivy-db:2";

fn scan(layer: &file::Layer, parent: Option<&Layer>) -> Option<Scan> {
    let default = match parent {
        Some(parent) => parent.scan.clone(),
        None => {
            Scan { fail_on: Severity::High, unfixed: false, database: TRIVY_DATABASE.parse().ok()?, ignore: Vec::new() }
        }
    };
    let scan = layer.scan.section()?;
    let ignore = list(scan.ignore.as_ref()).into_iter().filter_map(|ignore| {
        Some(ScanIgnore {
            id: ignore.id.and_then(|id| id.value),
            program: ignore.program.and_then(|program| program.value),
            reason: ignore.reason.value?,
            until: ignore.until.value?,
        })
    });
    Some(Scan {
        fail_on: scan.fail_on.default_to(default.fail_on)?,
        unfixed: scan.unfixed.default_to(default.unfixed)?,
        database: scan.database.default_to(default.database)?,
        ignore: default.ignore.into_iter().chain(ignore).collect(),
    })
}
