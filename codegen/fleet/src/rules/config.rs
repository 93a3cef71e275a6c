//! What machines find at boot: it fits the cloud, and the machines can get it.

use std::collections::BTreeSet;

use fleetgen_problem::{Code, Problem};

use super::{Problems, endpoint, file, identity};
use crate::choice::Cloud;
use crate::draft::{Draft, GroupDraft};
use crate::field::Field;
use crate::group::Target;

/// Directories that systemd and the kernel's helpers read before a machine has its configuration.
#[rustfmt::skip]
const EARLY: &[&str] = &[
    "/etc/binfmt.d", "/etc/modprobe.d", "/etc/modules-load.d", "/etc/sysctl.d", "/etc/systemd/system", "/etc/sysusers.d", "/etc/tmpfiles.d",
    "/etc/udev",
];

/// Files are where a machine keeps them, and belong to users and groups that exist.
pub(super) fn files(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let layer = draft.layers.get(&group.layer);
    for (path, written) in &group.config.files {
        let at = |key: &str| group.origins.span(&format!("config.files.{path}{key}"));
        let place: &str = path.as_ref();
        if let Some((message, hint)) = file::misplaced(place) {
            problems.push(Problem::new(Code::Layer, at(""), message).hint(hint));
        } else if let Some(directory) = EARLY.iter().find(|early| place.starts_with(&format!("{early}/"))) {
            let message = format!("what is in {directory} is read before cloud-init writes this file");
            problems.push(Problem::new(Code::Layer, at(""), message).hint("put it into `files` of the layer"));
        }
        for (key, owner) in [(".owner", &written.owner), (".group", &written.group)] {
            let Some((owner, layer)) = owner.as_ref().zip(layer) else { continue };
            if !identity::exists(draft, layer, owner.as_str()) {
                let message = format!("nothing creates a user or group `{owner}` in the layer `{}`", layer.name);
                problems.push(
                    Problem::new(Code::UnknownReference, at(key), message)
                        .hint(format!("add `{owner}` to `users` of the layer, or of one that it is built on")),
                );
            }
        }
    }
}

/// A secret's name is one that its cloud allows, and the machines can fetch it.
pub(super) fn secrets(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(network) = draft.networks.get(&group.network) else { return };
    let mut first = None;
    for (variable, secret) in &group.config.secrets {
        let at = group.origins.span(&format!("config.secrets.{variable}.name"));
        let secret = &secret.name;
        first.get_or_insert(at);
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        if group.cloud() == Cloud::Gcp && !(secret.as_str().chars().all(fits) && secret.as_str().len() <= 255) {
            problems.push(
                Problem::new(Code::Cloud, at, format!("GCP allows no secret with the name `{secret}`"))
                    .hint("write its id in Secret Manager: at most 255 letters, digits, `_` and `-`"),
            );
        }
    }
    // "Each allow policy can have up to 20 bindings with the same role and the same principal, but different conditions."
    let names: BTreeSet<_> = group.config.secrets.values().map(|secret| &secret.name).collect();
    if group.cloud() == Cloud::Gcp && names.len() > 20 {
        let at = group.origins.span("config.secrets");
        let message = format!("Google grants an account 20 secrets one by one, and this group has {}", names.len());
        problems.push(
            Problem::new(Code::Size, at, message).hint("put several values into one secret, as JSON, and use `key`"),
        );
    }
    let app_key = draft.file.runner.as_ref().and_then(Field::get).and_then(|runner| runner.app_key.get());
    for (variable, secret) in group.config.secrets.iter().filter(|(_, secret)| Some(&secret.name) == app_key) {
        let at = group.origins.span(&format!("config.secrets.{variable}.name"));
        let message = format!("`{}` is the key of the runner's app, which only runners read", secret.name);
        problems.push(Problem::new(Code::Cloud, at, message).hint("name another secret"));
    }
    let Some(at) = first.filter(|_| group.cloud() == Cloud::Aws) else { return };
    let message = format!(
        "machines of `{}` cannot fetch secrets: `{}` has no endpoint for Secrets Manager",
        group.name, group.network
    );
    problems.extend(endpoint::missing(network, "secretsmanager", at, message));
}

/// A variable is set once.
pub(super) fn variables(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    for variable in group.config.secrets.keys().filter(|variable| group.config.environment.contains_key(*variable)) {
        let at = |kind: &str| group.origins.span(&format!("config.{kind}.{variable}"));
        problems.push(
            Problem::new(
                Code::DuplicateKey,
                at("secrets"),
                format!("`{variable}` is a secret, and in `environment` too"),
            )
            .related(at("environment"), "the other one")
            .hint("remove one of them"),
        );
    }
}

/// On GCP, something in the image reads what Terraform gives the machine.
pub(super) fn cloud_init(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(layer) = draft.layers.get(&group.layer).filter(|_| group.cloud() == Cloud::Gcp) else { return };
    let project = layer.source.gcp.as_ref().map(|(project, _)| project.as_str());
    if project.is_none() || project != layer.os.without_cloud_init {
        return;
    }
    let used = [
        ("config", !group.config.is_empty()),
        ("disks", !group.disks.is_empty()),
        ("instance_store", group.instance_store.is_some()),
    ];
    if let Some((key, _)) = used.into_iter().find(|(_, is_used)| *is_used) {
        let message =
            format!("`{key}` has no effect: Google's images of {} have no cloud-init, which reads it", layer.os.title);
        // The environment may set all of it.
        let environment = group.config.environment.keys().map(|name| format!("config.environment.{name}"));
        let files = group.config.files.keys().map(|path| format!("config.files.{path}"));
        let first = environment.chain(files).next().filter(|_| key == "config");
        problems.push(
            Problem::new(Code::Layer, group.origins.span(first.as_deref().unwrap_or(key)), message)
                .related(group.origins.name, "this group")
                .hint("build the layer on an image of your own with cloud-init, or on Ubuntu"),
        );
    }
}

/// Keys that fleetgen sets, or that would give access beside sessions or run programs that no image has.
const TAKEN: &[&str] = &[
    "block-project-ssh-keys",
    "enable-oslogin",
    "serial-port-enable",
    "ssh-keys",
    "sshKeys",
    "startup-script",
    "startup-script-url",
    "user-data",
];

/// Metadata leaves alone what sessions and configuration rest on.
pub(super) fn metadata(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Target::Gcp(gcp) = &group.target else { return };
    for key in gcp.metadata.keys().filter(|key| TAKEN.contains(&key.as_str())) {
        let at = group.origins.span(&format!("gcp.metadata.{key}"));
        problems.push(
            Problem::new(Code::Cloud, at, format!("`{key}` is not for fleet.yaml to set"))
                .hint("remove it: sessions are the only way in, and `config` is for what machines find at boot"),
        );
    }
}

/// The most that fits into user data: AWS takes 16 KiB, of which fleetgen needs some itself.
///
/// Source: "User data is limited to 16 KB, in raw form", in the user guide of EC2. Google takes 256 KiB.
const MOST: usize = 12 * 1024;

/// The whole fits into the user data of a machine.
pub(super) fn size(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let config = &group.config;
    // YAML indents each line, and escapes some characters.
    let written = |text: &str| text.len() + 8 * text.lines().count() + text.matches(['\\', '"', '$', '`']).count();
    let files = config.files.iter().map(|(path, file)| AsRef::<str>::as_ref(path).len() + written(&file.content) + 100);
    let variables = config.environment.iter().map(|(name, value)| name.as_str().len() + written(value.as_str()) + 12);
    let secrets = config.secrets.iter().map(|(name, secret)| name.as_str().len() + secret.name.as_str().len() + 120);
    let bytes: usize = files.chain(variables).chain(secrets).sum();
    if bytes > MOST {
        let message = format!("a machine gets {MOST} bytes of configuration at most; this is {bytes}");
        problems.push(
            Problem::new(Code::Size, group.origins.span("config"), message)
                .hint("put what all groups share into `files` of a layer"),
        );
    }
}
