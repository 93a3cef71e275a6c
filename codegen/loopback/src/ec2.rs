//! EC2: launch templates and images.

use fleetgen_rollout::{Action, Effect, Outcome, Version};
use fleetgen_simulator::{Shown, ShownVersion};

use crate::answer::{Refusal, refused};
use crate::group::{Named, number};
use crate::served::{Form, Served};
use crate::xml::Xml;

/// The most versions on a page: few, so that pages are needed.
const PAGE: usize = 2;

impl Served {
    pub(crate) fn ec2(&mut self, operation: &str, region: &str, form: &Form) -> Result<Vec<Xml>, Refusal> {
        if let Some(answer) = self.ec2_litter(operation, region, form)? {
            return Ok(answer);
        }
        match operation {
            "DescribeImages" => self.describe_images(region, form),
            "DescribeLaunchTemplateVersions" => self.describe_versions(region, form),
            "CreateLaunchTemplateVersion" => self.create_version(region, form),
            "DeleteLaunchTemplateVersions" => self.delete_versions(region, form),
            "RunInstances" => self.run(region, form),
            _ => Err(Refusal::new(400, "InvalidAction", format!("{operation} is not simulated"))),
        }
    }

    fn describe_images(&self, region: &str, form: &Form) -> Result<Vec<Xml>, Refusal> {
        let mut images = Vec::new();
        for id in form.list("ImageId") {
            let known = |image: &&crate::group::KnownImage| {
                image.id.as_str() == id && image.region == region && self.world.has(&image.id)
            };
            let missing = || {
                let message = format!("The image id '[{id}]' does not exist");
                Refusal::new(400, "InvalidAMIID.NotFound", message)
            };
            let image = self.images.iter().find(known).ok_or_else(missing)?;
            images.push(vec![
                Xml::text("imageId", &image.id),
                Xml::text("imageState", "available"),
                Xml::text("imageOwnerId", self.account()),
                Xml::text("isPublic", false),
                Xml::text("architecture", image.architecture),
                Xml::text("rootDeviceType", "ebs"),
                Xml::text("rootDeviceName", "/dev/sda1"),
                Xml::text("virtualizationType", "hvm"),
            ]);
        }
        Ok(vec![Xml::list("imagesSet", "item", images)])
    }

    /// The group whose template a request names.
    fn of_template(&self, region: &str, form: &Form) -> Result<usize, Refusal> {
        let id = form.required("LaunchTemplateId")?;
        let is_named = |group: &Named| group.place.region.as_str() == region && group.template() == id;
        self.groups.iter().position(is_named).ok_or_else(|| {
            let message = format!("The specified launch template, with template ID {id}, does not exist.");
            Refusal::new(400, "InvalidLaunchTemplateId.NotFound", message)
        })
    }

    fn describe_versions(&mut self, region: &str, form: &Form) -> Result<Vec<Xml>, Refusal> {
        let index = self.of_template(region, form)?;
        let shown = self.show(index)?;
        let wanted = form.list("LaunchTemplateVersion");
        let is_wanted = |version: &&ShownVersion| {
            wanted.is_empty() || wanted.iter().any(|wanted| wanted == version.version.as_str())
        };
        // AWS shows the newest first.
        let all: Vec<&ShownVersion> = shown.versions.iter().rev().filter(is_wanted).collect();
        let from = form.get("NextToken").and_then(|token| token.parse::<usize>().ok()).unwrap_or(0);
        let page = all.iter().skip(from).take(PAGE);
        let versions = page.map(|version| self.version(index, version, &shown));
        let mut answer = vec![Xml::list("launchTemplateVersionSet", "item", versions)];
        if from + PAGE < all.len() {
            answer.push(Xml::text("nextToken", from + PAGE));
        }
        Ok(answer)
    }

    fn version(&self, index: usize, version: &ShownVersion, shown: &Shown) -> Vec<Xml> {
        let group = &self.groups[index];
        let description = self.descriptions.get(&(group.template(), number(&version.version)));
        let oldest = shown.versions.first().is_some_and(|first| first.version == version.version);
        let device = vec![
            Xml::text("deviceName", "/dev/sda1"),
            Xml::node(
                "ebs",
                [Xml::text("encrypted", true), Xml::text("volumeSize", 20), Xml::text("volumeType", "gp3")],
            ),
        ];
        let mut data = vec![
            Xml::list("blockDeviceMappingSet", "item", [device]),
            Xml::text("instanceType", group.types.first().map_or("m7i.large", String::as_str)),
        ];
        data.extend(version.image.as_ref().map(|image| Xml::text("imageId", image)));
        if !version.settings.is_empty() {
            let settings: Vec<String> =
                version.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
            data.push(Xml::text("userData", settings.join(";")));
        }
        let mut answer = vec![
            Xml::text("launchTemplateId", group.template()),
            Xml::text("launchTemplateName", &group.place.name),
            Xml::text("versionNumber", number(&version.version)),
            Xml::text("createTime", self.now()),
            Xml::text("defaultVersion", oldest),
            Xml::node("launchTemplateData", data),
        ];
        answer.extend(description.map(|description| Xml::text("versionDescription", description)));
        answer
    }

    fn create_version(&mut self, region: &str, form: &Form) -> Result<Vec<Xml>, Refusal> {
        let index = self.of_template(region, form)?;
        let source = Version::from(form.required("SourceVersion")?.to_owned());
        let image = form.required("LaunchTemplateData.ImageId")?;
        let image = image.parse().map_err(|_| Refusal::new(400, "InvalidAMIID.Malformed", image))?;
        let key = form.required("ClientToken")?.to_owned();
        let name = self.groups[index].name.clone();
        let effect = Effect { group: name.clone(), key, action: Action::Prepare { source, image } };
        let Outcome::Prepared(version) = refused(self.world.request(&name, &effect))? else {
            return Err(Refusal::new(500, "InternalError", "the world made nothing"));
        };
        let template = self.groups[index].template();
        if let Some(description) = form.get("VersionDescription") {
            self.descriptions.insert((template, number(&version)), description.to_owned());
        }
        let shown = self.show(index)?;
        let made = shown.versions.iter().find(|shown| shown.version == version);
        let made = made.map(|version| self.version(index, version, &shown)).unwrap_or_default();
        Ok(vec![Xml::node("launchTemplateVersion", made)])
    }

    fn delete_versions(&mut self, region: &str, form: &Form) -> Result<Vec<Xml>, Refusal> {
        let index = self.of_template(region, form)?;
        let (template, name) = (self.groups[index].template(), self.groups[index].name.clone());
        let (mut deleted, mut missing) = (Vec::new(), Vec::new());
        for version in form.list("LaunchTemplateVersion") {
            let of = vec![Xml::text("launchTemplateId", &template), Xml::text("versionNumber", &version)];
            if self.world.delete(&name, &Version::from(version)) {
                deleted.push(of);
            } else {
                let code = Xml::text("code", "launchTemplateVersionDoesNotExist");
                let error = Xml::node("responseError", [code, Xml::text("message", "there is no such version")]);
                missing.push(of.into_iter().chain([error]).collect());
            }
        }
        Ok(vec![
            Xml::list("successfullyDeletedLaunchTemplateVersionSet", "item", deleted),
            Xml::list("unsuccessfullyDeletedLaunchTemplateVersionSet", "item", missing),
        ])
    }

    /// Only whether it would run.
    fn run(&mut self, region: &str, form: &Form) -> Result<Vec<Xml>, Refusal> {
        if form.get("DryRun") != Some("true") {
            return Err(Refusal::new(400, "UnsupportedOperation", "this world starts no machines by themselves"));
        }
        let id = form.required("LaunchTemplate.LaunchTemplateId")?;
        let group = self.groups.iter().position(|it| it.place.region.as_str() == region && it.template() == id);
        let missing = |code: &str| Refusal::new(400, code, format!("there is no such version of {id}"));
        let index = group.ok_or_else(|| missing("InvalidLaunchTemplateId.NotFound"))?;
        let version = form.required("LaunchTemplate.Version")?.to_owned();
        let shown = self.show(index)?;
        if !shown.versions.iter().any(|it| it.version.as_str() == version) {
            return Err(missing("InvalidLaunchTemplateId.VersionNotFound"));
        }
        let message = "Request would have succeeded, but DryRun flag is set.";
        Err(Refusal::new(412, "DryRunOperation", message))
    }
}
