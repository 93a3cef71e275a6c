//! Systems Manager: parameters, and the agents of machines.

use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::served::Served;

impl Served {
    pub(crate) fn ssm(&mut self, operation: &str, region: &str, body: &Value) -> Result<Answer, Refusal> {
        let value = match operation {
            "GetParameters" => {
                let names = body["Names"].as_array().cloned().unwrap_or_default();
                let found = names.iter().filter_map(|name| {
                    let name = name.as_str()?;
                    let (value, version) = self.parameters.get(&(region.to_owned(), name.to_owned()))?;
                    let arn = format!("arn:aws:ssm:{region}:{}:parameter{name}", self.account());
                    Some(json!({
                        "Name": name, "Type": "String", "Value": value, "Version": version, "ARN": arn,
                        "DataType": "aws:ec2:image",
                    }))
                });
                let found: Vec<Value> = found.collect();
                let is_found = |name: &&Value| found.iter().any(|it| it["Name"] == **name);
                let missing: Vec<&Value> = names.iter().filter(|name| !is_found(name)).collect();
                json!({ "Parameters": found, "InvalidParameters": missing })
            }
            "PutParameter" => {
                let (Some(name), Some(value)) = (body["Name"].as_str(), body["Value"].as_str()) else {
                    return Err(Refusal::new(400, "ValidationException", "a name and a value are needed"));
                };
                if !self.images.iter().any(|image| image.id.as_str() == value) {
                    return Err(Refusal::new(400, "ValidationException", format!("there is no image {value}")));
                }
                let entry = self.parameters.entry((region.to_owned(), name.to_owned())).or_default();
                value.clone_into(&mut entry.0);
                entry.1 += 1;
                json!({ "Version": entry.1, "Tier": "Standard" })
            }
            "DescribeInstanceInformation" => {
                let filter = body["Filters"].as_array().and_then(|filters| filters.first());
                let filter = filter.filter(|filter| filter["Key"] == "InstanceIds");
                let filter =
                    filter.ok_or_else(|| Refusal::new(400, "InvalidFilterKey", "this world knows InstanceIds"))?;
                let machines = filter["Values"].as_array().cloned().unwrap_or_default();
                let status = if self.firing.contains("sessions") { "ConnectionLost" } else { "Online" };
                let known = machines.iter().map(|id| json!({ "InstanceId": id, "PingStatus": status }));
                json!({ "InstanceInformationList": known.collect::<Vec<_>>() })
            }
            "SendCommand" => {
                let id = format!("{:08}-0000-4000-8000-000000000000", self.commands.len() + 1);
                let words = body["Parameters"]["commands"][0].as_str().unwrap_or_default().to_owned();
                let machines = body["InstanceIds"].clone();
                self.commands.insert(id.clone(), words);
                json!({ "Command": {
                    "CommandId": id, "DocumentName": body["DocumentName"], "InstanceIds": machines, "Status": "Pending",
                } })
            }
            "GetCommandInvocation" => {
                let id = body["CommandId"].as_str().unwrap_or_default();
                let words = self.commands.get(id);
                let words = words.ok_or_else(|| Refusal::new(400, "InvocationDoesNotExist", format!("no {id}")))?;
                let failed = self.firing.iter().any(|name| words.contains(name.as_str()));
                let status = if failed { "Failed" } else { "Success" };
                json!({
                    "CommandId": id, "InstanceId": body["InstanceId"], "Status": status, "StatusDetails": status,
                    "ResponseCode": i32::from(failed),
                })
            }
            _ => return Err(Refusal::new(400, "UnknownOperationException", format!("{operation} is not simulated"))),
        };
        Ok(Answer { content: "application/x-amz-json-1.1", ..Answer::json(200, &value) })
    }
}
