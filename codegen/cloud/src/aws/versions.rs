//! The versions of a group's launch template.

use aws_sdk_ec2::types::LaunchTemplateVersion;
use fleetgen_rollout::{Place, Version, VersionList};

use super::observe::template;
use super::{Aws, Clients, failure};
use crate::failure::{Class, Failure};

impl Aws {
    /// All versions of a group.
    pub(crate) async fn list(&mut self, place: &Place) -> Result<VersionList, Failure> {
        let clients = self.at(place).await?;
        let (id, seen) = clients.look(place).await?;
        let versions = clients.versions(&id).await?;
        let mut numbers: Vec<i64> = versions.iter().filter_map(|version| version.version_number).collect();
        numbers.sort_unstable();
        let version = |number: i64| Version::from(number.to_string());
        let default = versions.iter().find(|version| version.default_version == Some(true));
        // Terraform copies the newest, whoever has made it.
        let latest = numbers.last().copied().map(version);
        Ok(VersionList {
            all: numbers.into_iter().map(version).collect(),
            latest: latest.unwrap_or_else(|| seen.setting.version.clone()),
            default: default.and_then(|version| version.version_number).map(version),
            seen,
        })
    }

    /// Deletes a version.
    pub(crate) async fn delete(&mut self, place: &Place, version: &Version) -> Result<(), Failure> {
        let clients = self.at(place).await?;
        let id = template(&clients.group(place).await?)?.launch_template_id.clone().unwrap_or_default();
        let request = clients.ec2.delete_launch_template_versions().launch_template_id(id).versions(version.as_str());
        let answer = request.send().await.map_err(failure)?;
        let failed = answer.unsuccessfully_deleted_launch_template_versions().first();
        let Some(error) = failed.and_then(|failed| failed.response_error.as_ref()) else { return Ok(()) };
        let code = error.code.as_ref().map_or("unknown", |code| code.as_str());
        let message = format!("{code}: {}", error.message.as_deref().unwrap_or("no message"));
        Err(Failure::new(Class::Refuse, message))
    }
}

impl Clients {
    /// All versions of a template.
    pub(super) async fn versions(&self, id: &str) -> Result<Vec<LaunchTemplateVersion>, Failure> {
        let request = self.ec2.describe_launch_template_versions().launch_template_id(id).max_results(200);
        let mut pages = request.into_paginator().send();
        let mut versions = Vec::new();
        while let Some(page) = pages.next().await {
            versions.extend(page.map_err(failure)?.launch_template_versions.unwrap_or_default());
        }
        Ok(versions)
    }

    /// One version of a template.
    pub(super) async fn version(&self, id: &str, version: &Version) -> Result<Option<LaunchTemplateVersion>, Failure> {
        let request = self.ec2.describe_launch_template_versions().launch_template_id(id).versions(version.as_str());
        let found = request.send().await.map_err(failure)?;
        Ok(found.launch_template_versions.unwrap_or_default().into_iter().next())
    }
}
