//! What a plan needs to know of a group.

use aws_sdk_ec2::types::ResponseLaunchTemplateData;
use fleetgen_rollout::{Found, Live, Place, Sight, Version};

use super::Clients;
use crate::failure::Failure;

impl Clients {
    /// What AWS shows of a group, for a plan.
    pub(crate) async fn find(&self, place: &Place) -> Result<Found, Failure> {
        let (id, seen) = self.look(place).await?;
        let versions = self.versions(&id).await?;
        let numbered = |version: &Version| {
            versions.iter().find(|it| it.version_number.is_some_and(|number| number.to_string() == version.as_str()))
        };
        let data = |version: &Version| numbered(version).and_then(|version| version.launch_template_data.clone());
        let newest = versions.iter().filter_map(|version| version.version_number).max();
        let latest = newest.map_or(seen.setting.version.clone(), |number| Version::from(number.to_string()));
        let (now, newest) = (data(&seen.setting.version), data(&latest));
        let image = now.as_ref().and_then(|data| data.image_id.clone());
        let image_exists = match &image {
            Some(image) => self.image(image).await?.is_some(),
            None => true,
        };
        Ok(Found {
            latest,
            image: image.and_then(|image| image.parse().ok()),
            image_exists,
            comes_along: now.zip(newest).map(|(now, newest)| comes_along(&now, &newest)).unwrap_or_default(),
            sight: Sight::Seen(seen),
        })
    }

    /// A group with the images of its versions.
    pub(crate) async fn live(&self, place: &Place) -> Result<Live, Failure> {
        let (id, seen) = self.look(place).await?;
        let versions = self.versions(&id).await?;
        let images = versions.into_iter().filter_map(|version| {
            let number = Version::from(version.version_number?.to_string());
            let image = version.launch_template_data?.image_id?;
            seen.versions().contains(&number).then_some((number, image))
        });
        let images = images.collect();
        Ok(Live { seen, images })
    }
}

/// In which settings a version differs from another, apart from the image.
fn comes_along(now: &ResponseLaunchTemplateData, newest: &ResponseLaunchTemplateData) -> Vec<String> {
    fn words<T: AsRef<str>>(value: Option<&T>) -> &str {
        value.map_or("none", AsRef::as_ref)
    }
    let mut changes = Vec::new();
    if now.instance_type != newest.instance_type {
        let types = (now.instance_type.as_ref(), newest.instance_type.as_ref());
        let name =
            |machine: Option<&aws_sdk_ec2::types::InstanceType>| machine.map_or("none", |it| it.as_str()).to_owned();
        changes.push(format!("machine type: {} → {}", name(types.0), name(types.1)));
    }
    if now.key_name != newest.key_name {
        changes.push(format!("key: {} → {}", words(now.key_name.as_ref()), words(newest.key_name.as_ref())));
    }
    let mut like = newest.clone();
    like.image_id.clone_from(&now.image_id);
    like.instance_type.clone_from(&now.instance_type);
    like.key_name.clone_from(&now.key_name);
    macro_rules! compare {
        ($($name:literal: $field:ident),+ $(,)?) => {$(
            if like.$field != now.$field {
                changes.push(format!("{} changed", $name));
                like.$field.clone_from(&now.$field);
            }
        )+};
    }
    compare!(
        "disks": block_device_mappings,
        "the role": iam_instance_profile,
        "the metadata service": metadata_options,
        "monitoring": monitoring,
        "network interfaces": network_interfaces,
        "security groups": security_group_ids,
        "tags": tag_specifications,
        "user data": user_data,
    );
    if like != *now {
        changes.push("other settings changed".to_owned());
    }
    changes
}
