//! Machines and layers: architecture and GPU.

use super::Found;
use crate::catalog;
use crate::choice::Cloud;
use crate::diagnostic::{Diagnostic, Rule};
use crate::field::{Entries, Field};
use crate::file::ByArchitecture;
use crate::model::{Group, Target};
use crate::resolve::Draft;
use crate::scalar::{LayerName, VendorImage};

/// The layer is built for the machine's architecture.
pub(super) fn architecture(draft: &Draft<'_>, group: &Group, found: &mut Found) {
    let Some(layer) = draft.layers.get(&group.layer) else { return };
    let architecture = group.machine.architecture;
    if layer.architectures.contains(&architecture) {
        return;
    }
    let built: Vec<&str> = layer.architectures.iter().map(|architecture| architecture.as_str()).collect();
    found.push(
        Diagnostic::new(
            Rule::Machine,
            group.origins.span("machine"),
            format!(
                "`{}` is an {architecture} machine, and the layer `{}` is built for {}",
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

/// A GPU machine runs a layer with the driver, and only a GPU machine does.
pub(super) fn gpu(draft: &Draft<'_>, group: &Group, found: &mut Found) {
    let Some(layer) = draft.layers.get(&group.layer) else { return };
    let machine = &group.machine.machine_type;
    let (message, hint) = match (group.machine.nvidia, layer.nvidia.is_some()) {
        (true, true) | (false, false) => return,
        (true, false) => (
            format!("`{machine}` has a GPU, and the layer `{}` has no driver for it", layer.name),
            "choose a layer with `nvidia`, or a machine without GPU",
        ),
        (false, true) => (
            format!("the layer `{}` has the NVIDIA driver, and `{machine}` has no GPU", layer.name),
            "choose a machine with a GPU, or a layer without `nvidia`",
        ),
    };
    found.push(
        Diagnostic::new(Rule::Machine, group.origins.span("machine"), message)
            .related(group.origins.span("layer"), "the layer")
            .hint(hint),
    );
}

/// The other machine types that will do are like the first; GPUs are attached only where they can be.
pub(super) fn others(_: &Draft<'_>, group: &Group, found: &mut Found) {
    match &group.target {
        Target::Aws(aws) => {
            let mut seen = vec![&group.machine.machine_type];
            for machine in &aws.machines {
                if seen.contains(&machine) {
                    found.push(
                        Diagnostic::new(
                            Rule::Machine,
                            group.origins.span("aws.machines"),
                            format!("`{machine}` stands more than once among the group's machine types"),
                        )
                        .hint("`machine` is the first of them; `aws.machines` are others"),
                    );
                }
                seen.push(machine);
                let problem = match catalog::find(Cloud::Aws, machine.as_str()) {
                    Err(unknown) => {
                        Some((format!("AWS has no machine type `{machine}` that fleetgen knows"), unknown.hint))
                    }
                    Ok(known) if known.architecture != group.machine.architecture => Some((
                        format!(
                            "`{machine}` is {}, and `{}` is {}",
                            known.architecture, group.machine.machine_type, group.machine.architecture
                        ),
                        Some("machines of one group are of one architecture".to_owned()),
                    )),
                    Ok(known) if known.nvidia != group.machine.nvidia => Some((
                        format!("of `{machine}` and `{}`, only one has a GPU", group.machine.machine_type),
                        Some("machines of one group have all a GPU, or none".to_owned()),
                    )),
                    Ok(_) => None,
                };
                if let Some((message, hint)) = problem {
                    found.push(
                        Diagnostic::new(Rule::Machine, group.origins.span("aws.machines"), message).maybe_hint(hint),
                    );
                }
            }
        }
        Target::Gcp(gcp) => {
            let attachable =
                catalog::find(Cloud::Gcp, group.machine.machine_type.as_str()).is_ok_and(|known| known.attachable);
            if gcp.accelerator.is_some() && !attachable {
                found.push(
                    Diagnostic::new(
                        Rule::Machine,
                        group.origins.span("gcp.accelerator"),
                        format!("no GPU can be attached to `{}`", group.machine.machine_type),
                    )
                    .hint("only N1 machines take one; machines such as g2-standard-4 come with theirs"),
                );
            }
        }
    }
}

/// The root of the layer's line names the vendor's image for the group's cloud and architecture: a new group starts on it.
pub(super) fn source(draft: &Draft<'_>, group: &Group, found: &mut Found) {
    let Some(layer) = draft.layers.get(&group.layer) else { return };
    let architecture = group.machine.architecture;
    let named = match group.cloud() {
        Cloud::Aws => layer.source.aws.as_ref().is_some_and(|(_, names)| names.contains_key(&architecture)),
        Cloud::Gcp => layer.source.gcp.as_ref().is_some_and(|(_, names)| names.contains_key(&architecture)),
    };
    if named || !layer.architectures.contains(&architecture) {
        return;
    }
    let root = layer.ancestors.last().unwrap_or(&layer.name);
    // What is wrong with the source has been told.
    if !is_source_sound(draft, root) {
        return;
    }
    found.push(
        Diagnostic::new(
            Rule::Layer,
            group.origins.span("layer"),
            format!("the layer `{root}` names no vendor's image for {} and {architecture}", group.cloud()),
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
