//! The layers: each takes over from its parent what it does not state.

use std::collections::BTreeMap;

use super::taker::{entries, list, set};
use crate::choice::{Architecture, Docker, Hardening, Severity, Transport};
use crate::diagnostic::{Diagnostic, Rule, suggest_or_list};
use crate::field::{Entries, Field};
use crate::file::{self, FleetFile};
use crate::model::{
    Binary, ByArchitecture, HttpCheck, Layer, LayerFile, LayerPort, Nvidia, Scan, ScanIgnore, Service, Source, User,
};
use crate::scalar::{Gibibytes, LayerName, ServiceName};
use crate::source::Span;

type Written<'a> = BTreeMap<&'a LayerName, (Span, &'a file::Layer)>;

/// Resolves every layer whose line of parents is sound.
pub(super) fn layers(file: &FleetFile, found: &mut Vec<Diagnostic>) -> BTreeMap<LayerName, Layer> {
    let written: Written<'_> = entries(Some(&file.layers))
        .iter()
        .filter_map(|(name, layer)| Some((name.get()?, (name.span, layer.get()?))))
        .collect();
    let mut layers = BTreeMap::new();
    for (name, (span, _)) in &written {
        // From the root down, so that a parent is there before its children.
        for name in line(&written, name, *span, found).into_iter().rev() {
            if layers.contains_key(name) {
                continue;
            }
            let Some((span, layer)) = written.get(name) else { continue };
            let parent = layer.parent.as_ref().and_then(Field::get).and_then(|parent| layers.get(parent));
            if let Some(resolved) = one(name, *span, layer, parent, found) {
                layers.insert(name.clone(), resolved);
            }
        }
    }
    layers
}

/// A layer and its ancestors; empty where the line has no root.
fn line<'a>(
    written: &Written<'a>,
    first: &'a LayerName,
    span: Span,
    found: &mut Vec<Diagnostic>,
) -> Vec<&'a LayerName> {
    let mut line = vec![first];
    let mut current = first;
    while let Some((_, layer)) = written.get(current) {
        let Some(parent) = &layer.parent else { return line };
        let Some(name) = parent.get() else { break };
        if name == first {
            found.push(
                Diagnostic::new(Rule::Cycle, span, format!("layer `{first}` is built on itself"))
                    .hint("take `parent:` out of one of the layers of the ring"),
            );
            break;
        }
        let Some((known, _)) = written.get_key_value(name) else {
            if current == first {
                found.push(
                    Diagnostic::new(Rule::UnknownReference, parent.span, format!("there is no layer `{name}`"))
                        .label("not a key of `layers`")
                        .maybe_hint(suggest_or_list(name.as_str(), written.keys().map(AsRef::as_ref))),
                );
            }
            break;
        };
        if line.contains(known) {
            break;
        }
        line.push(known);
        current = known;
    }
    Vec::new()
}

/// A key that belongs to the root of a line, and only there.
fn root_only<T: Clone>(
    key: &str,
    field: Option<&Field<T>>,
    inherited: Option<T>,
    is_root: bool,
    at: Span,
    found: &mut Vec<Diagnostic>,
) -> Option<T> {
    match (field, is_root) {
        (Some(field), true) => field.value.clone(),
        (None, false) => inherited,
        (None, true) => {
            found.push(
                Diagnostic::new(Rule::Layer, at, format!("missing key `{key}`: a layer without `parent` is a root"))
                    .label(format!("`{key}` is needed here"))
                    .hint(format!("add `{key}`, or name the `parent` that it is built on")),
            );
            None
        }
        (Some(field), false) => {
            found.push(
                Diagnostic::new(
                    Rule::Layer,
                    field.span,
                    format!("`{key}` is stated by the root of a line of layers only"),
                )
                .label("this layer has a parent")
                .hint("take it out; it holds for the whole line"),
            );
            None
        }
    }
}

fn one(
    name: &LayerName,
    at: Span,
    layer: &file::Layer,
    inherited: Option<&Layer>,
    found: &mut Vec<Diagnostic>,
) -> Option<Layer> {
    let is_root = layer.parent.is_none();
    let os = root_only("os", layer.os.as_ref(), inherited.map(|parent| parent.os), is_root, at, found);
    let updates = root_only(
        "updates_until",
        layer.updates_until.as_ref(),
        inherited.map(|parent| parent.updates_until.clone()),
        is_root,
        at,
        found,
    );
    let mirror = match (&layer.mirror, inherited) {
        (None, None) => Some(None),
        (field, parent) => {
            let stated =
                field.as_ref().map(|field| Field { span: field.span, depth: 0, value: field.value.clone().map(Some) });
            root_only("mirror", stated.as_ref(), parent.map(|parent| parent.mirror.clone()), is_root, at, found)
        }
    };
    let stated_source =
        layer.source.as_ref().map(|field| Field { span: field.span, depth: 0, value: field.get().map(source) });
    let source =
        root_only("source", stated_source.as_ref(), inherited.map(|parent| parent.source.clone()), is_root, at, found);
    let hardening = match (&layer.hardening, inherited) {
        (None, None) => Some(Hardening::CisLevel1),
        (field, parent) => {
            root_only("hardening", field.as_ref(), parent.map(|parent| parent.hardening), is_root, at, found)
        }
    };
    let architectures = architectures(layer, inherited, at, found);
    let nvidia = match &layer.nvidia {
        None => inherited.and_then(|parent| parent.nvidia.clone()),
        Some(field) => {
            let nvidia = field.get()?;
            Some(Nvidia {
                branch: nvidia.branch.value.clone()?,
                container_toolkit: stated(nvidia.container_toolkit.as_ref(), true)?,
                fabric_manager: stated(nvidia.fabric_manager.as_ref(), false)?,
            })
        }
    };
    let mut ancestors: Vec<LayerName> = Vec::new();
    if let Some(parent) = inherited {
        ancestors.push(parent.name.clone());
        ancestors.extend(parent.ancestors.iter().cloned());
    }
    Some(Layer {
        name: name.clone(),
        description: layer.description.value.clone()?,
        ancestors,
        os: os?,
        architectures: architectures?,
        source: source?,
        updates_until: updates?,
        mirror: mirror?,
        hardening: hardening?,
        hardening_exceptions: map(layer.hardening_exceptions.as_ref(), |reason| Some(reason.clone())),
        docker: stated(layer.docker.as_ref(), inherited.map_or(Docker::None, |parent| parent.docker))?,
        nvidia,
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
        scan: scan(layer.scan.as_ref(), inherited)?,
        disk: stated(layer.disk.as_ref(), inherited.map_or(Gibibytes(10), |parent| parent.disk))?,
        aws_builder: builder(layer.aws_builder.as_ref(), inherited.map(|parent| &parent.aws_builder), "m7i.large")?,
        gcp_builder: builder(layer.gcp_builder.as_ref(), inherited.map(|parent| &parent.gcp_builder), "n2-standard-2")?,
    })
}

fn stated<T: Clone>(field: Option<&Field<T>>, default: T) -> Option<T> {
    field.map_or(Some(default), |field| field.value.clone())
}

fn builder(
    field: Option<&Field<crate::scalar::MachineType>>,
    parent: Option<&crate::scalar::MachineType>,
    default: &str,
) -> Option<crate::scalar::MachineType> {
    match (field, parent) {
        (Some(field), _) => field.value.clone(),
        (None, Some(parent)) => Some(parent.clone()),
        (None, None) => default.parse().ok(),
    }
}

fn map<K: Clone + Ord, V, R>(field: Option<&Field<Entries<K, V>>>, read: impl Fn(&V) -> Option<R>) -> BTreeMap<K, R> {
    entries(field).iter().filter_map(|(key, value)| Some((key.value.clone()?, read(value.get()?)?))).collect()
}

fn architectures(
    layer: &file::Layer,
    parent: Option<&Layer>,
    at: Span,
    found: &mut Vec<Diagnostic>,
) -> Option<Vec<Architecture>> {
    let Some(field) = &layer.architectures else {
        if parent.is_none() && layer.parent.is_none() {
            found.push(
                Diagnostic::new(Rule::Layer, at, "missing key `architectures`: a layer without `parent` is a root")
                    .label("`architectures` is needed here")
                    .hint("add `architectures: [amd64]`, `[arm64]` or both"),
            );
        }
        return parent.map(|parent| parent.architectures.clone());
    };
    let stated = set(Some(field));
    if stated.is_empty() {
        found.push(Diagnostic::new(Rule::Layer, field.span, "a layer is built for at least one architecture"));
        return None;
    }
    if let Some(parent) = parent
        && let Some(extra) = stated.iter().find(|architecture| !parent.architectures.contains(architecture))
    {
        found.push(
            Diagnostic::new(Rule::Layer, field.span, format!("its parent `{}` is not built for {extra}", parent.name))
                .hint(format!("add {extra} to the architectures of `{}`", parent.name)),
        );
        return None;
    }
    Some(stated)
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

fn source(source: &file::Source) -> Source {
    let aws_owner = source.aws_owner.as_ref().and_then(|owner| owner.value.clone());
    let gcp_project = source.gcp_project.as_ref().and_then(|project| project.value.clone());
    Source {
        aws: aws_owner.map(|owner| (owner, by_architecture(source.aws.as_ref()))),
        gcp: gcp_project.map(|project| (project, by_architecture(source.gcp.as_ref()))),
    }
}

fn user(user: &file::User) -> Option<User> {
    Some(User {
        uid: *user.uid.get()?,
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

fn layer_file(file: &file::LayerFile) -> Option<LayerFile> {
    Some(LayerFile {
        content: file.content.value.clone()?,
        owner: file.owner.as_ref().and_then(|owner| owner.value.clone()),
        group: file.group.as_ref().and_then(|group| group.value.clone()),
        mode: file.mode.as_ref().and_then(|mode| mode.value.clone()),
    })
}

fn service(name: &ServiceName, service: &file::Service) -> Option<Service> {
    let package = match (&service.package, &service.command) {
        (Some(package), None) => Some(package.value.clone()?),
        (None, None) => name.as_str().parse().ok(),
        (_, Some(_)) => None,
    };
    Some(Service {
        package,
        description: service.description.as_ref().and_then(|text| text.value.clone()),
        command: list(service.command.as_ref()),
        user: service.user.as_ref().and_then(|user| user.value.clone()),
        environment: map(service.environment.as_ref(), |value| Some(value.clone())),
        enabled: stated(service.enabled.as_ref(), true)?,
    })
}

fn port(port: &file::LayerPort) -> Option<LayerPort> {
    Some(LayerPort {
        port: *port.port.get()?,
        protocol: stated(port.protocol.as_ref(), Transport::Tcp)?,
        address: port.address.as_ref().and_then(|address| address.value.clone()),
        process: port.process.as_ref().and_then(|process| process.value.clone()),
    })
}

fn http_check(check: &file::HttpCheck) -> Option<HttpCheck> {
    Some(HttpCheck {
        port: *check.port.get()?,
        path: check.path.as_ref().map_or(Some("/".to_owned()), |path| Some(path.get()?.as_str().to_owned()))?,
        status: stated(check.status.as_ref(), 200)?,
    })
}

/// Where Trivy itself looks first.
const TRIVY_DATABASE: &str = "mirror.gcr.io/aquasec/trivy-db:2";

fn scan(field: Option<&Field<file::Scan>>, parent: Option<&Layer>) -> Option<Scan> {
    let inherited = parent.map(|parent| &parent.scan);
    let scan = field.and_then(Field::get);
    let mut ignore = inherited.map(|scan| scan.ignore.clone()).unwrap_or_default();
    ignore.extend(list(scan.and_then(|scan| scan.ignore.as_ref())).iter().filter_map(|ignore| {
        Some(ScanIgnore {
            id: ignore.id.value.clone()?,
            reason: ignore.reason.value.clone()?,
            until: ignore.until.value.clone()?,
        })
    }));
    let default = inherited.map_or(Severity::High, |scan| scan.fail_on);
    let database = match scan.and_then(|scan| scan.database.as_ref()) {
        Some(field) => field.value.clone()?,
        None => inherited.map_or_else(|| TRIVY_DATABASE.parse().ok(), |scan| Some(scan.database.clone()))?,
    };
    Some(Scan {
        fail_on: stated(scan.and_then(|scan| scan.fail_on.as_ref()), default)?,
        unfixed: stated(scan.and_then(|scan| scan.unfixed.as_ref()), inherited.is_some_and(|scan| scan.unfixed))?,
        database,
        ignore,
    })
}
