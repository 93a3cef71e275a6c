//! The parameter that says which image a group should run.

use aws_sdk_ssm::types::ParameterType;
use fleetgen_fleet::scalar::ImageId;
use fleetgen_rollout::Place;

use super::{Aws, failure};
use crate::failure::Failure;

impl Aws {
    /// Records the image of a group, if it is not recorded yet.
    pub(crate) async fn record(&mut self, place: &Place, name: &str, image: &ImageId) -> Result<(), Failure> {
        if self.recorded(place, name).await?.as_deref() == Some(image.as_str()) {
            return Ok(());
        }
        let clients = self.at(place).await?;
        clients
            .ssm
            .put_parameter()
            .name(name)
            .value(image.as_str())
            .r#type(ParameterType::String)
            // AWS checks that such an image exists.
            .data_type("aws:ec2:image")
            .overwrite(true)
            .send()
            .await
            .map(drop)
            .map_err(failure)
    }

    /// The image that is recorded for a group.
    pub(crate) async fn recorded(&mut self, place: &Place, name: &str) -> Result<Option<String>, Failure> {
        let clients = self.at(place).await?;
        let found = clients.ssm.get_parameters().names(name).send().await.map_err(failure)?;
        Ok(found.parameters.unwrap_or_default().into_iter().find_map(|parameter| parameter.value))
    }
}
