//! Layers: what they add fits together.

use fleetgen_problem::{Code, Problem, suggest};

use super::Problems;
use crate::catalog::os::{SYSTEMS, System};
use crate::catalog::{self, gpu, hardening};
use crate::choice::{Architecture, Cloud, Docker};
use crate::draft::Draft;
use crate::field::Field;
use crate::file;
use crate::scalar::ImageOwner;

/// Docker and the driver appear once in a lineage, containers only with Docker, and the driver only on Ubuntu.
pub(super) fn additions(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let parent = draft.parent(layer);
        if let Some(docker) = &written.docker
            && let Some(parent) = parent.filter(|parent| parent.docker != Docker::None && parent.docker != layer.docker)
        {
            problems.push(
                Problem::new(
                    Code::Layer,
                    docker.span,
                    format!("its parent `{}` already has Docker, from `{}`", parent.name, parent.docker),
                )
                .hint("remove it, or build on a layer without Docker"),
            );
        }
        if let Some(containers) = written.containers.as_ref()
            && layer.docker == Docker::None
        {
            problems.push(
                Problem::new(Code::Layer, containers.span, "containers need Docker, and this lineage has none")
                    .hint("add `docker: docker-ce` or `docker: distribution` to this layer or one that it is built on"),
            );
        }
        let Some(nvidia) = &written.nvidia else { continue };
        if parent.is_some_and(|parent| parent.nvidia.is_some()) {
            problems.push(
                Problem::new(Code::Layer, nvidia.span, "a layer that this one is built on already has the driver")
                    .hint("change the branch there: kernel and driver belong together"),
            );
        }
        let branch = nvidia.get().map(|nvidia| &nvidia.branch);
        if let Some((field, branch)) = branch.and_then(|field| Some((field, field.get()?)))
            && branch.number() < gpu::OLDEST_BRANCH
        {
            let message = format!("Ubuntu has no packages of the open kernel modules for branch {branch}");
            let label = format!("must be at least {}", gpu::OLDEST_BRANCH);
            problems.push(Problem::new(Code::Layer, field.span, message).label(label));
        }
        if !layer.os.has_nvidia {
            problems.push(
                Problem::new(
                    Code::Layer,
                    nvidia.span,
                    "fleetgen installs the driver from Ubuntu's signed packages only",
                )
                .label(format!("this lineage is built on {}", layer.os))
                .hint("build it on ubuntu-24.04 or ubuntu-22.04"),
            );
        }
    }
}

/// Builds and people get into machines on AWS through the agent of Systems Manager, which Debian's own images do not have.
///
/// Source: the packages that Debian's cloud team puts into its images for EC2.
pub(super) fn agents(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let source = written.source.as_ref().and_then(Field::get);
        let owner = source.and_then(|source| source.aws_owner.as_ref());
        let lacks = |owner: &ImageOwner| layer.os.without_agent == Some(owner.as_str());
        if let Some(field) = owner.filter(|owner| owner.get().is_some_and(lacks)) {
            problems.push(
                Problem::new(
                    Code::Layer,
                    field.span,
                    "Debian's images on AWS lack the agent of AWS Systems Manager, so neither builds nor people get into the machine",
                )
                .label("Debian's account")
                .hint("name an image of your own that has `amazon-ssm-agent`, or build on Ubuntu, whose images have it"),
            );
        }
    }
}

/// How vendors name releases that layers may not have, in the names of images.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "focal", "20.04", "2004", "oracular", "24.10", "2410", "plucky", "25.04", "2504", "questing", "25.10", "2510", "26.04", "2604",
    "debian-11", "bullseye", "al2023", "amzn2", "RHEL", "rhel-", "rocky", "centos", "cos-",
];

/// The vendor's images are of the layer's release, and each of the architecture that it is named for.
pub(super) fn vendors(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let Some(source) = written.source.as_ref().and_then(Field::get) else { continue };
        let images = [&source.aws, &source.gcp].into_iter().flatten().filter_map(Field::get);
        let images =
            images.flat_map(|images| [(Architecture::Amd64, &images.amd64), (Architecture::Arm64, &images.arm64)]);
        for (architecture, field) in images.filter_map(|(architecture, field)| Some((architecture, field.as_ref()?))) {
            let Some(name) = field.get() else { continue };
            let has = |word: &&&str| name.as_str().contains(**word);
            let (own, other): (&[&str], &[&str]) = match architecture {
                Architecture::Amd64 => (&["amd64", "x86_64"], &["arm64", "aarch64"]),
                Architecture::Arm64 => (&["arm64", "aarch64"], &["amd64", "x86_64"]),
            };
            if let Some(word) = other.iter().find(has).filter(|_| !own.iter().any(|word| has(&word))) {
                let message = format!("by its name, this image is for {word}, not for {architecture}");
                problems
                    .push(Problem::new(Code::Layer, field.span, message).hint("name the image of this architecture"));
            }
            let is_of = |system: &System| system.image_words.iter().any(|word| has(&word));
            let other = SYSTEMS.iter().find(|system| system.word != layer.os.word && is_of(system));
            let other = other.map(|system| system.word).or_else(|| OTHERS.iter().find(has).copied());
            if let Some(other) = other.filter(|_| !is_of(&layer.os)) {
                let message = format!("by its name, this image is {other}, and the layer is {}", layer.os);
                problems
                    .push(Problem::new(Code::Layer, field.span, message).hint("change `os`, or name another image"));
            }
        }
    }
}

/// Only a root leaves out hardening sections, and they exist.
pub(super) fn exceptions(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let Some(exceptions) = &written.hardening_exceptions else { continue };
        if layer.parent().is_some() {
            problems.push(
                Problem::new(
                    Code::Layer,
                    exceptions.span,
                    "only the root of a lineage is hardened, or sets exceptions",
                )
                .label("this layer has a parent")
                .hint(format!("move it to the root, `{}`", layer.root())),
            );
        }
        for (name, _) in exceptions.get().into_iter().flat_map(|entries| &entries.0) {
            let Some(section) = name.get() else { continue };
            let known = || hardening::SECTIONS.iter().map(|section| section.name);
            if !known().any(|known| known == section.as_str()) {
                problems.push(
                    Problem::new(
                        Code::UnknownReference,
                        name.span,
                        format!("there is no hardening section `{section}`"),
                    )
                    .hint(
                        suggest(section.as_str(), known())
                            .unwrap_or_else(|| "docs/layers.md lists the sections".to_owned()),
                    ),
                );
            }
        }
    }
}

/// The machine types that build layers exist.
pub(super) fn builders(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        if let Some((field, parent)) = written.disk.as_ref().zip(draft.parent(layer))
            && layer.disk < parent.disk
        {
            let message =
                format!("`{}`, which this layer is built on, has a disk of {}GiB", parent.name, parent.disk.0);
            let least = format!("must be at least {}GiB", parent.disk.0);
            problems.push(Problem::new(Code::Size, field.span, message).label(least));
        }
        for (cloud, builder) in [(Cloud::Aws, &written.aws_builder), (Cloud::Gcp, &written.gcp_builder)] {
            let Some((field, machine)) = builder.as_ref().and_then(|field| Some((field, field.get()?))) else {
                continue;
            };
            match catalog::machine(cloud, machine) {
                Err(unknown) => problems.push(unknown.at(field.span)),
                Ok(known) if known.architecture != Architecture::Amd64 => {
                    let message =
                        format!("`{machine}` cannot build the amd64 image: it is an {} machine", known.architecture);
                    let hint = "name an amd64 machine; fleetgen chooses what builds the arm64 image";
                    problems.push(Problem::new(Code::Machine, field.span, message).hint(hint));
                }
                Ok(_) => {}
            }
        }
    }
}

/// Binaries have a URL, digest and signature for each architecture of their layer.
pub(super) fn binaries(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        for (name, binary) in written.binaries.iter().filter_map(Field::get).flat_map(|entries| &entries.0) {
            let Some((name, binary)) = name.get().zip(binary.get()) else { continue };
            for architecture in &layer.architectures {
                complete(name.as_str(), "url", &binary.url, *architecture, problems);
                complete(name.as_str(), "sha256", &binary.sha256, *architecture, problems);
                complete(name.as_str(), "signature", &binary.signature, *architecture, problems);
            }
        }
    }
}

fn complete<T>(
    name: &str,
    key: &str,
    field: &Field<file::ByArchitecture<T>>,
    architecture: Architecture,
    problems: &mut Problems,
) {
    let Some(value) = field.get() else { return };
    let is_set = match architecture {
        Architecture::Amd64 => value.amd64.is_some(),
        Architecture::Arm64 => value.arm64.is_some(),
    };
    if !is_set {
        problems.push(
            Problem::new(
                Code::MissingKey,
                field.span,
                format!("the binary `{name}` has no `{key}` for {architecture}, which its layer is built for"),
            )
            .label(format!("`{architecture}` is required here")),
        );
    }
}

/// An entry of `scan.ignore` names a vulnerability or a vendor's program, never a program of fleet.yaml.
pub(super) fn ignored(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, _) in draft.layers() {
        let scan = written.scan.as_ref().and_then(Field::get);
        for field in scan.and_then(|scan| scan.ignore.as_ref()).and_then(Field::get).into_iter().flatten() {
            let Some(entry) = field.get() else { continue };
            match &entry.program {
                None if entry.id.is_none() => problems.push(
                    Problem::new(Code::MissingKey, field.span, "this entry does not say what to ignore")
                        .label("`id` or `program` is required here"),
                ),
                Some(program) if program.get().is_some_and(|path| path.as_str().starts_with("/usr/local/")) => problems
                    .push(
                        Problem::new(Code::Scan, program.span, "the scan of a layer's own programs cannot be left out")
                            .hint("name each vulnerability with `id`, or build the program with fixed dependencies"),
                    ),
                _ => {}
            }
        }
    }
}
