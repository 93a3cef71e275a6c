//! Docker on a machine logs in to Amazon ECR as the machine, and keeps no token.

use std::path::Path;

use anyhow::ensure;
use fleetgen_toolbox::machine::Machine;
use fleetgen_toolbox::process::both;

const REGISTRY: &str = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com";

/// Starts ECR and the metadata service on the machine, and prints the digest of the image that the registry has.
const START: &str = r#"cd /root/ecr
names=subjectAltName=DNS:api.ecr.ap-northeast-1.amazonaws.com,DNS:$ECR_REGISTRY
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 2 -subj /CN=ecr -addext "$names" 2>/dev/null
cp certificate /usr/local/share/ca-certificates/ecr.crt
update-ca-certificates >/dev/null 2>&1
echo "127.0.0.2 api.ecr.ap-northeast-1.amazonaws.com $ECR_REGISTRY" >>/etc/hosts
ip address add 169.254.169.254/32 dev lo
systemctl restart docker.service
systemd-run --quiet --unit=ecr --working-directory=/root/ecr --property=StandardOutput=file:/root/ecr/digest \
  python3 ecr.py certificate key log "$ECR_REGISTRY"
for attempt in $(seq 50); do [ -s digest ] && curl --silent --output /dev/null "https://$ECR_REGISTRY/v2/" && break; sleep 0.2; done
cat digest"#;

/// `environment` is that of a layer's scripts, and `directory` where the build keeps its files on the machine.
pub(super) fn login(
    machine: &Machine,
    root: &Path,
    environment: &[(String, String)],
    directory: &str,
) -> anyhow::Result<()> {
    let mut environment = environment.to_vec();
    environment.push(("ECR_REGISTRY".to_owned(), REGISTRY.to_owned()));
    let must = |script: &str| machine.must(&environment, script);
    fs_err::create_dir_all(machine.path("/root/ecr"))?;
    fs_err::copy(root.join("tests/registry/ecr.py"), machine.path("/root/ecr/ecr.py"))?;
    let image = format!("{REGISTRY}/example/vision@{}", must(START)?.trim());
    let pull = format!(". {directory}/packer/scripts/lib.sh && pull_container {image}");
    let without = machine.bash(&environment, &pull)?;
    ensure!(both(&without).contains("no basic auth credentials"), "without a login: {}", both(&without));

    let written =
        "stat --format='%n %y' /root/.docker /root/.docker/config.json /etc/tmpfiles.d/fleet-ecr.conf /root/.ecr";
    let login = format!("bash {directory}/packer/scripts/docker/ecr.sh >/dev/null && {written}");
    ensure!(must(&login)? == must(&login)?, "a second run of ecr.sh changes files");
    must(&format!("{directory}/artifacts/goss --gossfile {directory}/goss/docker-ecr.yaml validate"))?;
    must(&pull)?;
    let log = must("cat /root/ecr/log")?;
    ensure!(log.contains("POST api.ecr.ap-northeast-1.amazonaws.com / 200"), "no token was asked for:\n{log}");
    let disk = "find / -xdev -type f -newer /root/ecr/digest -not -path '/root/ecr/*' -exec grep --files-with-matches TOKEN {} + || true";
    let kept = must(&disk.replace("TOKEN", "$(cat /root/ecr/password)"))?;
    ensure!(kept.is_empty(), "the registry's password is on the disk: {kept}");
    must(
        "docker image rm --force $(docker image ls --quiet) && systemctl stop ecr && ip address del 169.254.169.254/32 dev lo && rm --recursive /root/ecr",
    )?;
    Ok(())
}
