//! New versions of launch templates.

use aws_sdk_autoscaling::operation::RequestId as _;
use aws_sdk_autoscaling::types::LaunchTemplate;
use aws_sdk_ec2::types::{
    Image, ImageState, InstanceNetworkInterfaceSpecification, InstanceType, LaunchTemplateSpecification,
    RequestLaunchTemplateData, ResponseLaunchTemplateData, ValidationWarning,
};
use fleetgen_fleet::scalar::ImageId;
use fleetgen_rollout::{Answer, Outcome, Place, Version};

use super::observe::template;
use super::{Clients, failure, has_code};
use crate::failure::{Class, Failure};

/// What begins the description of a version that a rollout has made. The effect's key and the image follow.
const MADE_BY: &str = "fleetgen";

impl Clients {
    /// Makes a version like another one, with another image, and sees whether AWS would launch it.
    pub(super) async fn prepare(
        &self,
        place: &Place,
        key: &str,
        source: &Version,
        image: &ImageId,
    ) -> Result<Answer, Failure> {
        let group = self.group(place).await?;
        let id = template(&group)?.launch_template_id.clone().unwrap_or_default();
        let (version, request) = match self.made(&id, key, image).await? {
            Some(version) => (version, None),
            None => self.make(&id, key, source, image).await?,
        };
        let subnets: Vec<&str> = group.vpc_zone_identifier.as_deref().unwrap_or_default().split(',').collect();
        let made = self.version(&id, &Version::from(version.clone())).await?;
        let data = made.and_then(|made| made.launch_template_data);
        let policy = group.mixed_instances_policy.as_ref().and_then(|policy| policy.launch_template.as_ref());
        let types = policy.map(LaunchTemplate::overrides).unwrap_or_default();
        let mut types: Vec<Option<&str>> = types.iter().map(|one| one.instance_type.as_deref()).collect();
        if types.is_empty() {
            types.push(None);
        }
        for machine in types {
            self.try_to_run(&id, &version, machine, &subnets, data.as_ref()).await?;
        }
        Ok(Answer { outcome: Outcome::Prepared(Version::from(version)), request })
    }

    /// The version that an effect has made. Tokens expire, and the description stays.
    async fn made(&self, id: &str, key: &str, image: &ImageId) -> Result<Option<String>, Failure> {
        let description = description(key, image);
        let versions = self.versions(id).await?;
        let made = versions.iter().find(|version| version.version_description.as_ref() == Some(&description));
        Ok(made.and_then(|version| version.version_number).map(|number| number.to_string()))
    }

    async fn make(
        &self,
        id: &str,
        key: &str,
        source: &Version,
        image: &ImageId,
    ) -> Result<(String, Option<String>), Failure> {
        self.can_take(id, source, image).await?;
        let made = self
            .ec2
            .create_launch_template_version()
            .launch_template_id(id)
            .source_version(source.as_str())
            .launch_template_data(RequestLaunchTemplateData::builder().image_id(image.as_str()).build())
            .version_description(description(key, image))
            .client_token(key)
            .send()
            .await
            .map_err(failure)?;
        let request = made.request_id().map(str::to_owned);
        let warnings = made.warning.as_ref().map(ValidationWarning::errors).unwrap_or_default();
        if let Some(warning) = warnings.first() {
            let (code, message) = (warning.code.as_deref(), warning.message.as_deref());
            let message = format!("{}: {}", code.unwrap_or("a warning"), message.unwrap_or("no message"));
            return Err(Failure { class: Class::Refuse, message, request });
        }
        let number = made.launch_template_version.and_then(|version| version.version_number);
        let number = number.ok_or_else(|| Failure::new(Class::Unknown, "the new version has no number"))?;
        Ok((number.to_string(), request))
    }

    /// Refuses an image that machines of the template could not start from.
    async fn can_take(&self, id: &str, source: &Version, image: &ImageId) -> Result<(), Failure> {
        let refuse = |message: String| Err(Failure::new(Class::Refuse, message));
        let Some(new) = self.image(image.as_str()).await? else {
            return refuse(format!("there is no image {image} in {}", self.region()));
        };
        if new.state != Some(ImageState::Available) {
            let state = new.state.as_ref().map_or("unknown", ImageState::as_str);
            return refuse(format!("the image {image} is {state}, not available"));
        }
        if new.image_allowed == Some(false) {
            return refuse(format!("the account's settings of allowed AMIs forbid {image}"));
        }
        let data = self.version(id, source).await?.and_then(|version| version.launch_template_data);
        let Some(data) = data else { return refuse(format!("the template {id} has no version {source}")) };
        let devices: Vec<&str> =
            data.block_device_mappings().iter().filter_map(|device| device.device_name.as_deref()).collect();
        let root = new.root_device_name.as_deref().unwrap_or_default();
        if !devices.is_empty() && !devices.contains(&root) {
            return refuse(format!(
                "the root device of {image} is {root}, and the template sets {}: the root disk would have neither its key nor its size",
                devices.join(", ")
            ));
        }
        let old = match data.image_id.as_deref() {
            Some(old) => self.image(old).await?,
            None => None,
        };
        match old {
            Some(old) if old.architecture != new.architecture => {
                let name = |image: &Image| image.architecture.as_ref().map_or("unknown", |it| it.as_str()).to_owned();
                refuse(format!("the image {image} is for {}, and the group's is for {}", name(&new), name(&old)))
            }
            _ => Ok(()),
        }
    }

    /// Asks EC2 whether it would run the version, in any of the group's subnets: not every zone has every machine type. EC2 answers
    /// with an error in any case.
    async fn try_to_run(
        &self,
        id: &str,
        version: &str,
        machine: Option<&str>,
        subnets: &[&str],
        data: Option<&ResponseLaunchTemplateData>,
    ) -> Result<(), Failure> {
        let mut refusal = None;
        for subnet in subnets {
            let template = LaunchTemplateSpecification::builder().launch_template_id(id).version(version).build();
            let request = self
                .ec2
                .run_instances()
                .dry_run(true)
                .launch_template(template)
                .min_count(1)
                .max_count(1)
                .set_instance_type(machine.map(InstanceType::from))
                .set_network_interfaces(interface(data, subnet).map(|interface| vec![interface]));
            match request.send().await {
                Ok(_) => return Ok(()),
                Err(error) if has_code(&error, "DryRunOperation") => return Ok(()),
                Err(error) => {
                    let mut failure = failure(error);
                    if failure.class != Class::Refuse {
                        return Err(failure);
                    }
                    let machine = machine.unwrap_or("machine");
                    failure.message =
                        format!("EC2 would not run a {machine} of version {version}: {}", failure.message);
                    refusal = Some(failure);
                }
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// An image that this account can see.
    pub(super) async fn image(&self, id: &str) -> Result<Option<Image>, Failure> {
        match self.ec2.describe_images().image_ids(id).include_deprecated(true).send().await {
            Ok(found) => Ok(found.images.unwrap_or_default().into_iter().next()),
            Err(error) if has_code(&error, "InvalidAMIID.NotFound") || has_code(&error, "InvalidAMIID.Unavailable") => {
                Ok(None)
            }
            Err(error) => Err(failure(error)),
        }
    }

    fn region(&self) -> String {
        self.ec2.config().region().map(ToString::to_string).unwrap_or_default()
    }
}

/// What a version that a rollout makes is described as: at most 255 characters.
fn description(key: &str, image: &ImageId) -> String {
    format!("{MADE_BY} {key} {image}")
}

/// The network interface of the template, in a subnet, which only the group knows. What is not repeated here would be lost.
fn interface(data: Option<&ResponseLaunchTemplateData>, subnet: &str) -> Option<InstanceNetworkInterfaceSpecification> {
    let of_template = data?.network_interfaces().first()?;
    let interface = InstanceNetworkInterfaceSpecification::builder()
        .device_index(of_template.device_index.unwrap_or(0))
        .set_groups(of_template.groups.clone())
        .set_associate_public_ip_address(of_template.associate_public_ip_address)
        .set_delete_on_termination(of_template.delete_on_termination)
        .subnet_id(subnet);
    Some(interface.build())
}
