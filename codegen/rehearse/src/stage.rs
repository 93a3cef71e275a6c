//! Shared by all rehearsals of a run: tools, keys, the program, and the built images.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::Context;
use fleetgen_fleet::{Fleet, resource_name};

use crate::timings::Timings;
use fleetgen_fleet::choice::Cloud;

use fleetgen_toolbox::machine;
use fleetgen_toolbox::process::run;
use fleetgen_toolbox::repository;
use fleetgen_toolbox::tools::Tools;

/// Debian packages that rehearsals need besides those of the machines.
pub(crate) const PACKAGES: &[&str] = &["lynis", "linux-image-cloud-amd64"];

/// An image in a cloud, and the files of a machine started from it.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) cloud: Cloud,
    pub(crate) name: String,
    /// The account or project that published it.
    pub(crate) owner: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// Its layer and its files. `None` for a vendor's image.
    pub(crate) layer: Option<(String, PathBuf)>,
}

pub(crate) struct Stage {
    pub(crate) root: PathBuf,
    pub(crate) tools: Tools,
    /// The run's folder.
    pub(crate) folder: PathBuf,
    /// Where logs stay after the run.
    pub(crate) logs: PathBuf,
    /// tests/rehearsal/fleet.yaml, with the digest of the program.
    pub(crate) text: String,
    pub(crate) fleet: Fleet,
    pub(crate) account: String,
    pub(crate) timings: Timings,
    images: Mutex<Vec<Image>>,
}

impl Stage {
    /// Creates the keys and installs Packer's plugins.
    pub(crate) fn new(root: &Path, tools: Tools, folder: &Path, logs: PathBuf) -> anyhow::Result<Self> {
        let text = repository::fleet(root, &tools.hello)?;
        let fleet = repository::parse("tests/rehearsal/fleet.yaml", &text)?;
        let account = fleet.aws.as_ref().map(|aws| aws.builder.account.to_string()).unwrap_or_default();
        let images = vendors(&fleet);
        fs_err::create_dir_all(&logs)?;
        let stage = Self {
            root: root.to_owned(),
            tools,
            folder: folder.to_owned(),
            logs,
            text,
            fleet,
            account,
            timings: Timings::default(),
            images: Mutex::new(images),
        };
        stage.tools.key_pairs(folder)?;
        fleetgen_toolbox::packer::install_plugins(&stage.tools, &stage.plugins())?;
        Ok(stage)
    }

    /// Where Packer's plugins are.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.folder.join("plugins")
    }

    /// The images in the clouds.
    pub(crate) fn images(&self) -> Vec<Image> {
        self.images.lock().map(|images| images.clone()).unwrap_or_default()
    }

    /// The vendors' images, as in a cloud in which nothing was built yet.
    pub(crate) fn vendor_images(&self) -> Vec<Image> {
        vendors(&self.fleet)
    }

    pub(crate) fn put(&self, image: Image) {
        if let Ok(mut images) = self.images.lock() {
            images.push(image);
        }
    }

    /// The files of a layer's image.
    pub(crate) fn files(&self, cloud: Cloud, layer: &str) -> Option<PathBuf> {
        let found = self.images().into_iter().filter(|image| image.cloud == cloud).filter_map(|image| image.layer);
        found.filter(|(name, _)| name == layer).map(|(_, files)| files).next()
    }

    /// These layers and their ancestors, parents first.
    pub(crate) fn lineage(&self, wanted: &[String]) -> anyhow::Result<Vec<String>> {
        let mut lineage = Vec::new();
        for name in wanted {
            let layer = self.fleet.layers.values().find(|layer| layer.name.as_str() == name.as_str());
            let layer = layer.ok_or_else(|| {
                let known: Vec<&str> = self.fleet.layers.keys().map(AsRef::as_ref).collect();
                anyhow::anyhow!("unknown layer `{name}`; choose from {}", known.join(", "))
            })?;
            for name in layer.ancestors.iter().rev().chain([&layer.name]) {
                if !lineage.contains(&name.to_string()) {
                    lineage.push(name.to_string());
                }
            }
        }
        Ok(lineage)
    }

    /// A layer's parent.
    pub(crate) fn parent(&self, layer: &str) -> Option<String> {
        let layer = self.fleet.layers.values().find(|known| known.name.as_str() == layer)?;
        layer.parent().map(ToString::to_string)
    }

    /// The host of the proxy in the network that a cloud's images are built in.
    pub(crate) fn proxy_host(&self, cloud: Cloud) -> String {
        let network = self.fleet.build_network(cloud);
        network.map_or_else(String::new, |network| resource_name::proxy_host(&self.fleet.name, &network.name))
    }

    /// The alias of the key that signs images.
    pub(crate) fn signing_alias(&self) -> String {
        self.fleet.signing.aws.as_ref().map(|(key, _)| key.to_string()).unwrap_or_default()
    }

    /// The bucket with programs.
    pub(crate) fn artifact_bucket(&self, cloud: Cloud) -> String {
        let bucket = match cloud {
            Cloud::Aws => self.fleet.aws.as_ref().and_then(|account| account.artifact_bucket.as_ref()),
            Cloud::Gcp => self.fleet.gcp.as_ref().and_then(|account| account.artifact_bucket.as_ref()),
        };
        bucket.map(ToString::to_string).unwrap_or_default()
    }

    /// The Lynis package.
    pub(crate) fn lynis(&self) -> anyhow::Result<PathBuf> {
        machine::package(&self.tools.cache, PACKAGES[0])
    }

    /// Debian's cloud kernel.
    pub(crate) fn kernel(&self) -> anyhow::Result<PathBuf> {
        let package = machine::package(&self.tools.cache, PACKAGES[1])?;
        let folder = self.folder.join("linux");
        run(Command::new("dpkg-deb").arg("--extract").arg(package).arg(&folder))?;
        let boot = fs_err::read_dir(folder.join("boot"))?.filter_map(Result::ok).map(|entry| entry.path());
        let kernel =
            boot.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz")));
        kernel.last().context("the package has no kernel")
    }
}

/// The vendor images that the fleet names.
fn vendors(fleet: &Fleet) -> Vec<Image> {
    let image = |cloud, owner: &str, name: &str| Image {
        cloud,
        name: name.to_owned(),
        owner: owner.to_owned(),
        tags: BTreeMap::new(),
        layer: None,
    };
    let mut images = Vec::new();
    for layer in fleet.root_layers() {
        if let Some((owner, names)) = &layer.source.aws {
            images.extend(names.values().map(|name| image(Cloud::Aws, owner.as_str(), name.as_str())));
        }
        if let Some((owner, names)) = &layer.source.gcp {
            images.extend(names.values().map(|name| image(Cloud::Gcp, owner.as_str(), name.as_str())));
        }
    }
    images
}
