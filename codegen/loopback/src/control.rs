//! What tests ask the world for, besides the clouds' protocols.

use fleetgen_fleet::scalar::{GroupName, ImageId};
use fleetgen_simulator::Sickness;
use serde_json::json;

use crate::answer::{Answer, Refusal};
use crate::served::Served;

impl Served {
    pub(crate) fn control(&mut self, verb: &str, path: &str, body: &[u8]) -> Result<Answer, Refusal> {
        let text = String::from_utf8_lossy(body).trim().to_owned();
        let group = || text.parse::<GroupName>().map_err(|_| Refusal::invalid(format!("{text} is no group")));
        match (verb, path) {
            ("GET", "time") => return Ok(Answer::text(&self.now().to_string())),
            // Moves on to a time.
            ("POST", "time") => {
                let to = text.parse().map_err(|_| Refusal::invalid(format!("{text} is no time")))?;
                self.time.advance(to);
                return Ok(Answer::text(&self.now().to_string()));
            }
            ("POST", "fault") => {
                let fault = serde_json::from_str(&text).map_err(|error| Refusal::invalid(error.to_string()))?;
                self.faults.push(fault);
            }
            // The new machines of a group never get healthy.
            ("POST", "sick") => self.world.make_sick(&group()?, Sickness::AtOnce),
            // No machine of a group can be started.
            ("POST", "starve") => self.world.starve(&group()?),
            // An alarm fires, a command fails, or, if it is `sessions`, no agent is connected.
            ("POST", "fire") => drop(self.firing.insert(text)),
            ("POST", "quiet") => drop(self.firing.remove(&text)),
            ("POST", "leave") => {
                self.left = serde_json::from_str(&text).map_err(|error| Refusal::invalid(error.to_string()))?;
            }
            ("GET", "left") => return Ok(Answer::json(200, &json!(self.left))),
            ("POST", "lose") => {
                let image: ImageId = text.parse().map_err(|_| Refusal::invalid(format!("{text} is no image")))?;
                self.world.lose(&image);
            }
            // Terraform applies a change of a group: `GROUP`.
            ("POST", "apply") => self.world.apply(&group()?, "user data", &format!("of {}", self.now())),
            ("GET", "truth") => {
                let names: Vec<GroupName> = self.groups.iter().map(|group| group.name.clone()).collect();
                let truth: serde_json::Map<String, serde_json::Value> = names
                    .into_iter()
                    .map(|name| {
                        let seen = self.world.truth(&name);
                        let image = self.world.inventory().remove(&name).and_then(|found| found.image);
                        (name.to_string(), json!({ "seen": seen, "image": image }))
                    })
                    .collect();
                return Ok(Answer::json(200, &truth.into()));
            }
            ("GET", "exchanges") => return Ok(Answer::json(200, &json!(self.exchanges))),
            ("GET", "parameters") => {
                let parameters = self.parameters.iter().map(|((region, name), (value, version))| {
                    json!({ "region": region, "name": name, "value": value, "version": version })
                });
                return Ok(Answer::json(200, &parameters.collect::<Vec<_>>().into()));
            }
            _ => return Err(Refusal::new(404, "notFound", format!("{verb} /_world/{path} does nothing"))),
        }
        Ok(Answer::text("done\n"))
    }
}
