//! What builds leave: manifests, reports and signed statements.
#![allow(dead_code, reason = "each test uses a part of it")]

use base64::Engine as _;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::common::{Sandbox, example};

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const SOURCE: &str = "amazon-ebs.amd64";

/// What the machine says that was started from the image of a manifest.
fn boot(manifest: &Value) -> Value {
    let build = &manifest["builds"][0];
    let image = build["artifact_id"].as_str().unwrap_or_default().split(',').next().unwrap();
    let said = &build["custom_data"];
    json!({ "image": image.rsplit(':').next(), "key": said["key"], "commit": said["commit"], "state": "running" })
}

/// A fleet, with what builds of its layers left.
pub(crate) struct Builds {
    pub(crate) sandbox: Sandbox,
    /// Changes the ids of images: builds of another key have others.
    pub(crate) series: char,
}

impl Builds {
    pub(crate) fn new() -> Self {
        Self::of(&example())
    }

    pub(crate) fn of(fleet: &str) -> Self {
        Self { sandbox: Sandbox::generated(fleet), series: 'e' }
    }

    /// What the generated template says about a build: `local.tags`, and what is only in the manifest.
    pub(crate) fn said(&self, layer: &str, source: &str) -> serde_json::Map<String, Value> {
        let template = self.sandbox.read(&format!("generated/packer/{layer}/build.pkr.hcl"));
        let between =
            |text: &str, from: &str, to: &str| text.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
        let own = between(&template, &format!("= [\"{source}\"]\n"), "  }\n");
        let tags = between(&template, "\n  tags = {", "}") + &between(&own, "merge(local.tags, {", "}");
        let words: Vec<&str> = tags.split('"').skip(1).step_by(2).collect();
        let mut said = serde_json::Map::new();
        // `"commit" = var.commit` has no value in quotes.
        let commit = words.iter().position(|word| *word == "commit").unwrap();
        let words: Vec<&str> = words[..commit].iter().chain(&words[commit + 1..]).copied().collect();
        for pair in words.chunks(2) {
            said.insert(pair[0].to_owned(), pair[1].into());
        }
        said.insert("commit".to_owned(), COMMIT.into());
        said
    }

    /// From here on, builds are of another key, and have other ids.
    pub(crate) fn newer(&mut self) {
        self.series = 'f';
        self.sandbox.edit("updates_until: \"2026-11-01\"", "updates_until: \"2026-10-31\"");
        self.sandbox.run(&["generate"]).expect(0);
    }

    /// Leaves good builds of the layer `base`, for both clouds and processors, and gives the command that records them.
    pub(crate) fn to_record(&self) -> Vec<String> {
        let sources = ["amazon-ebs.amd64", "amazon-ebs.arm64", "googlecompute.amd64", "googlecompute.arm64"];
        let manifests = sources.map(|source| self.good("base", source));
        ["images".to_owned(), "record".to_owned()].into_iter().chain(manifests).collect()
    }

    /// The commands that promote the newest image of `base` everywhere.
    pub(crate) fn to_promote(&self) -> [Vec<String>; 2] {
        let key = self.key("base");
        let promote =
            |environment: &str| ["images", "promote", &key[..12], "--to", environment].map(str::to_owned).to_vec();
        let soaked = ["--without-soak", "a test"].map(str::to_owned);
        [promote("stg"), [promote("prod"), soaked.to_vec()].concat()]
    }

    pub(crate) fn key(&self, layer: &str) -> String {
        self.said(layer, SOURCE)["key"].as_str().unwrap().to_owned()
    }

    /// The manifest of a good build, as Packer 1.16 writes it.
    pub(crate) fn manifest(&self, layer: &str, source: &str) -> Value {
        let (builder, architecture) = source.split_once('.').unwrap();
        let said = self.said(layer, source);
        let digit = u8::from(architecture == "arm64") + 2 * u8::from(layer == "base");
        let artifact = match builder {
            "amazon-ebs" => {
                let id = format!("ami-0123456789abcd{}", self.series);
                format!("ap-northeast-1:{id}0{digit},us-west-2:{id}1{digit}")
            }
            _ => format!("example-{layer}-{architecture}-{}", &said["key"].as_str().unwrap()[..12]),
        };
        json!({
            "builds": [{
                "name": architecture, "builder_type": builder, "files": null, "artifact_id": artifact,
                "packer_run_uuid": "1", "custom_data": said,
            }],
            "last_run_uuid": "1",
        })
    }

    pub(crate) fn good(&self, layer: &str, source: &str) -> String {
        self.leave(layer, source, &self.manifest(layer, source))
    }

    /// Leaves what a build leaves, and gives the path of the manifest.
    pub(crate) fn leave(&self, layer: &str, source: &str, manifest: &Value) -> String {
        let goss = json!({ "summary": { "failed-count": 0, "skipped-count": 2, "test-count": 7 } });
        self.leave_with(layer, source, manifest, &goss, &json!({}))
    }

    pub(crate) fn leave_with(
        &self,
        layer: &str,
        source: &str,
        manifest: &Value,
        goss: &Value,
        signed: &Value,
    ) -> String {
        let directory = format!(".fleetgen/{layer}/reports/{source}");
        let files = [
            ("manifest", "manifest.json", manifest.to_string()),
            ("sbom", "sbom.cdx.json", json!({ "bomFormat": "CycloneDX" }).to_string()),
            ("trivy", "trivy.json", json!({ "SchemaVersion": 2 }).to_string()),
            ("goss", "goss.json", goss.to_string()),
            ("junit", "goss.xml", "<testsuite/>".to_owned()),
            ("boot", "boot.json", boot(manifest).to_string()),
        ];
        let mut predicate = serde_json::Map::new();
        for (name, file, content) in &files {
            predicate.insert((*name).to_owned(), hex::encode(Sha256::digest(content)).into());
            self.sandbox.write(&format!("{directory}/{file}"), content);
        }
        let mut statement = json!({
            "predicateType": "https://example.com/fleetgen/image/v1",
            "subject": [{ "name": "manifest.json", "digest": { "sha256": predicate["manifest"] } }],
            "predicate": predicate,
        });
        for (name, value) in signed.as_object().unwrap() {
            statement[name] = value.clone();
        }
        let payload = base64::engine::general_purpose::STANDARD.encode(statement.to_string());
        let bundle = json!({ "dsseEnvelope": { "payload": payload, "payloadType": "application/vnd.in-toto+json" } });
        self.sandbox.write(&format!("{directory}/attestation.sigstore.json"), &bundle.to_string());
        format!("{directory}/manifest.json")
    }
}
