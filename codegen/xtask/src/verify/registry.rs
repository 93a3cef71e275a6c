//! Docker on a machine logs in to the clouds' registries as the machine, and keeps no token.

use std::path::Path;

use anyhow::{Context as _, ensure};
use fleetgen_toolbox::machine::Machine;
use fleetgen_toolbox::process::both;

/// A registry of a cloud.
struct Registry {
    /// The variable of a layer's scripts that names it, and its host name.
    variable: &'static str,
    host: &'static str,
    /// The script and the checks.
    name: &'static str,
    checks: &'static str,
    /// What the script writes.
    written: &'static str,
    /// How the server's log shows that a token was asked for.
    asked: &'static str,
}

const REGISTRIES: &[Registry] = &[
    Registry {
        variable: "ECR_REGISTRY",
        host: "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com",
        name: "ecr",
        checks: "docker-ecr",
        written: "/etc/tmpfiles.d/fleet-ecr.conf /root/.ecr",
        asked: "POST api.ecr.ap-northeast-1.amazonaws.com / 200",
    },
    Registry {
        variable: "ARTIFACT_REGISTRY",
        host: "asia-northeast1-docker.pkg.dev",
        name: "artifact-registry",
        checks: "docker-artifact-registry",
        written: "/usr/local/bin/docker-credential-fleet",
        asked: "GET 169.254.169.254 /computeMetadata/v1/instance/service-accounts/default/token 200",
    },
];

/// Starts the registry and the metadata service on the machine, and prints the digest of the image that the registry has.
const START: &str = r#"cd /root/registry
names=subjectAltName=DNS:api.ecr.ap-northeast-1.amazonaws.com,DNS:$REGISTRY
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 2 -subj /CN=registry -addext "$names" 2>/dev/null
cp certificate /usr/local/share/ca-certificates/registry.crt
update-ca-certificates >/dev/null 2>&1
echo "127.0.0.2 api.ecr.ap-northeast-1.amazonaws.com $REGISTRY" >>/etc/hosts
ip address add 169.254.169.254/32 dev lo
systemctl restart docker.service
systemd-run --quiet --unit=registry --working-directory=/root/registry --property=StandardOutput=file:/root/registry/digest \
  python3 registry.py certificate key log "$REGISTRY"
for attempt in $(seq 50); do [ -s digest ] && curl --silent --output /dev/null "https://$REGISTRY/v2/" && break; sleep 0.2; done
cat digest"#;

/// `environment` is that of a layer's scripts, and `directory` where the build keeps its files on the machine.
pub(super) fn logins(
    machine: &Machine,
    root: &Path,
    environment: &[(String, String)],
    directory: &str,
) -> anyhow::Result<()> {
    for registry in REGISTRIES {
        login(machine, root, environment, directory, registry).context(registry.name)?;
    }
    Ok(())
}

fn login(
    machine: &Machine,
    root: &Path,
    environment: &[(String, String)],
    directory: &str,
    registry: &Registry,
) -> anyhow::Result<()> {
    let Registry { variable, host, name, checks, written, asked } = registry;
    let mut environment = environment.to_vec();
    environment.extend([*variable, "REGISTRY"].map(|variable| (variable.to_owned(), (*host).to_owned())));
    let must = |script: &str| machine.must(&environment, script);
    fs_err::create_dir_all(machine.path("/root/registry"))?;
    fs_err::copy(root.join("tests/registry/registry.py"), machine.path("/root/registry/registry.py"))?;
    let image = format!("{host}/example/vision@{}", must(START)?.trim());
    let pull = format!(". {directory}/packer/scripts/lib.sh && pull_container {image}");
    let without = machine.bash(&environment, &pull)?;
    ensure!(both(&without).contains("no basic auth credentials"), "without a login: {}", both(&without));

    let written = format!("stat --format='%n %y' /root/.docker /root/.docker/config.json {written}");
    let login = format!("bash {directory}/packer/scripts/docker/{name}.sh >/dev/null && {written}");
    ensure!(must(&login)? == must(&login)?, "a second run of {name}.sh changes files");
    must(&format!("{directory}/artifacts/goss --gossfile {directory}/goss/{checks}.yaml validate"))?;
    must(&pull)?;
    let log = must("cat /root/registry/log")?;
    ensure!(log.contains(asked), "no token was asked for:\n{log}");
    let disk = "find / -xdev -type f -newer /root/registry/digest -not -path '/root/registry/*' -exec grep --files-with-matches TOKEN {} + || true";
    let kept = must(&disk.replace("TOKEN", "$(cat /root/registry/password)"))?;
    ensure!(kept.is_empty(), "the registry's password is on the disk: {kept}");
    must(
        "docker image rm --force $(docker image ls --quiet) && systemctl stop registry && ip address del 169.254.169.254/32 dev lo && rm --recursive /root/registry /root/.docker",
    )?;
    Ok(())
}
