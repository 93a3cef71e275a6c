//! Machines and layers: architecture and GPU.

use fleetgen_problem::{Code, Problem, suggest_or_list};

use super::Problems;
use crate::catalog::{self, gpu};
use crate::choice::Cloud;
use crate::draft::{Draft, GroupDraft};
use crate::field::{Entries, Field};
use crate::file::ByArchitecture;
use crate::group::Target;
use crate::scalar::{LayerName, MachineType, VendorImage};

/// The most machine types of an Auto Scaling group: EC2 Auto Scaling's quota of instance types in a mixed instances policy.
const MOST_MACHINE_TYPES: usize = 40;

/// The layer is built for the machine's architecture.
pub(super) fn architecture(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(layer) = draft.layers.get(&group.layer) else { return };
    let architecture = group.machine.architecture;
    if layer.architectures.contains(&architecture) {
        return;
    }
    let built: Vec<&str> = layer.architectures.iter().map(|architecture| architecture.as_str()).collect();
    problems.push(
        Problem::new(
            Code::Machine,
            group.origins.span("machine"),
            format!(
                "`{}` is an {architecture} machine, but the layer `{}` is built for {}",
                group.machine.machine_type,
                layer.name,
                built.join(", ")
            ),
        )
        .label(format!("{architecture}"))
        .related(group.origins.span("layer"), built.join(", "))
        .hint(format!("choose another machine, or add {architecture} to the architectures of `{}`", layer.name)),
    );
}

/// A machine with a GPU runs a layer with the driver, and no other machine does.
pub(super) fn gpu(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(layer) = draft.layers.get(&group.layer) else { return };
    let machine = &group.machine.machine_type;
    let (message, hint) = match (group.machine.nvidia, layer.nvidia.is_some()) {
        (true, true) | (false, false) => return,
        (true, false) => (
            format!("`{machine}` has a GPU, but the layer `{}` has no driver for it", layer.name),
            "choose a layer with `nvidia`, or a machine without GPU",
        ),
        (false, true) => (
            format!("the layer `{}` has the NVIDIA driver, but `{machine}` has no GPU", layer.name),
            "choose a machine with a GPU, or a layer without `nvidia`",
        ),
    };
    problems.push(
        Problem::new(Code::Machine, group.origins.span("machine"), message)
            .related(group.origins.span("layer"), "the layer")
            .hint(hint),
    );
}

/// The driver of the layer supports the GPUs.
pub(super) fn driver(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(nvidia) = draft.layers.get(&group.layer).and_then(|layer| layer.nvidia.as_ref()) else { return };
    let (machine, at) = (&group.machine.machine_type, group.origins.span("machine"));
    let separator = if group.cloud() == Cloud::Aws { '.' } else { '-' };
    let family = machine.as_str().split(separator).next().unwrap_or_default();
    if let Some(architecture) = gpu::old(family) {
        let message = format!("the open kernel modules, which layers install, do not support the GPUs of `{machine}`");
        let problem = Problem::new(Code::Machine, at, message).label(architecture);
        problems.push(problem.hint("use GPUs from Turing on, such as those of g4dn, g5 and g6"));
        return;
    }
    let oldest = gpu::oldest_branch(family);
    if (gpu::OLDEST_BRANCH..oldest).contains(&nvidia.branch.number()) {
        problems.push(
            Problem::new(
                Code::Machine,
                at,
                format!(
                    "the layer `{}` has the driver's branch {}, which is too old for `{machine}`",
                    group.layer, nvidia.branch
                ),
            )
            .label(format!("needs {oldest} or later"))
            .related(group.origins.span("layer"), "the layer")
            .hint("change `nvidia.branch` of the layer"),
        );
    }
}

/// The other machine types are like the first, and GPUs are attached only to machines that support it.
pub(super) fn others(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    match &group.target {
        Target::Aws(aws) => {
            if aws.machines.len() >= MOST_MACHINE_TYPES {
                problems.push(
                    Problem::new(
                        Code::Machine,
                        group.origins.span("aws.machines"),
                        format!("an Auto Scaling group takes at most {MOST_MACHINE_TYPES} machine types, and this one has {}", aws.machines.len() + 1),
                    )
                    .hint("remove the least useful ones"),
                );
            }
            let mut seen = vec![&group.machine.machine_type];
            for (index, machine) in aws.machines.iter().enumerate() {
                let at = group.origins.span(&format!("aws.machines[{index}]"));
                if seen.contains(&machine) {
                    problems.push(
                        Problem::new(Code::Machine, at, format!("duplicate machine type `{machine}`"))
                            .hint("`machine` is the first of them; `aws.machines` lists others"),
                    );
                }
                seen.push(machine);
                problems.extend(unlike(group, machine).map(|problem| problem.at(at)));
            }
        }
        Target::Gcp(gcp) => {
            let machine = &group.machine.machine_type;
            let attachable = catalog::machine(Cloud::Gcp, machine).is_ok_and(|facts| facts.attachable);
            if gcp.accelerator.is_some() && !attachable {
                problems.push(
                    Problem::new(
                        Code::Machine,
                        group.origins.span("gcp.accelerator"),
                        format!("GPUs cannot be attached to `{machine}`"),
                    )
                    .hint("use an N1 machine, or a machine type that comes with GPUs, such as g2-standard-4"),
                );
            }
            if let Some((kind, count)) = &gcp.accelerator {
                problems.extend(accelerator(group, kind.as_str(), *count));
            }
        }
    }
}

/// What is wrong with GPUs that are attached.
fn accelerator(group: &GroupDraft, kind: &str, count: u32) -> Option<Problem> {
    let at = |key: &str| group.origins.span(&format!("gcp.{key}"));
    if let Some(architecture) = gpu::old(kind) {
        let message = format!("the open kernel modules, which layers install, do not support `{kind}`");
        let problem = Problem::new(Code::Machine, at("accelerator"), message).label(architecture);
        return Some(
            problem.hint("use nvidia-tesla-t4, or a machine type that comes with GPUs, such as g2-standard-4"),
        );
    }
    let Some((_, counts)) = gpu::ACCELERATORS.iter().find(|(known, _)| *known == kind) else {
        let known = gpu::ACCELERATORS.iter().map(|(known, _)| *known);
        let problem = Problem::new(Code::Machine, at("accelerator"), format!("N1 machines do not take `{kind}`"));
        return Some(problem.maybe_hint(suggest_or_list(kind, known)));
    };
    (!counts.contains(&count)).then(|| {
        let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
        let message = format!("a machine takes {} of `{kind}`, not {count}", counts.join(", "));
        Problem::new(Code::Machine, at("accelerators"), message)
    })
}

/// What is wrong with another machine type of a group on AWS; without a position.
fn unlike(group: &GroupDraft, machine: &MachineType) -> Option<Problem> {
    let facts = match catalog::machine(Cloud::Aws, machine) {
        Ok(facts) => facts,
        Err(unknown) => return Some(unknown),
    };
    let first = &group.machine;
    let problem = |message| Problem::new(Code::Machine, group.origins.name, message);
    if facts.architecture != first.architecture {
        let message =
            format!("`{machine}` is {}, but `{}` is {}", facts.architecture, first.machine_type, first.architecture);
        return Some(problem(message).hint("all machines of a group have the same architecture"));
    }
    (facts.nvidia != first.nvidia).then(|| {
        problem(format!("only one of `{machine}` and `{}` has a GPU", first.machine_type))
            .hint("either all machines of a group have a GPU, or none")
    })
}

/// The root of the layer's lineage names the vendor's image for the group's cloud and architecture: a new group starts on it.
pub(super) fn source(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(layer) = draft.layers.get(&group.layer) else { return };
    let architecture = group.machine.architecture;
    let named = match group.cloud() {
        Cloud::Aws => layer.source.aws.as_ref().is_some_and(|(_, names)| names.contains_key(&architecture)),
        Cloud::Gcp => layer.source.gcp.as_ref().is_some_and(|(_, names)| names.contains_key(&architecture)),
    };
    if named || !layer.architectures.contains(&architecture) {
        return;
    }
    let root = layer.root();
    // What is wrong with the source has been reported.
    if !is_source_sound(draft, root) {
        return;
    }
    problems.push(
        Problem::new(
            Code::Layer,
            group.origins.span("layer"),
            format!("the layer `{root}` has no vendor image for {} and {architecture}", group.cloud().title()),
        )
        .hint(format!("add `source.{}.{architecture}` to `{root}`, with its owner or project", group.cloud())),
    );
}

fn is_source_sound(draft: &Draft<'_>, root: &LayerName) -> bool {
    fn sound<T>(field: Option<&Field<T>>) -> bool {
        field.is_none_or(|field| field.value.is_some())
    }
    fn both(images: Option<&Field<ByArchitecture<VendorImage>>>) -> bool {
        sound(images)
            && images
                .and_then(Field::get)
                .is_none_or(|images| sound(images.amd64.as_ref()) && sound(images.arm64.as_ref()))
    }
    let layers = draft.file.layers.get().into_iter().flat_map(Entries::iter);
    let source = layers.filter(|(name, _)| *name == root).find_map(|(_, layer)| layer.source.as_ref()?.get());
    source.is_some_and(|source| {
        sound(source.aws_owner.as_ref())
            && sound(source.gcp_project.as_ref())
            && both(source.aws.as_ref())
            && both(source.gcp.as_ref())
    })
}
