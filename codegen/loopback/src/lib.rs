//! The simulated clouds, served on this machine in the clouds' own protocols, so that the vendors' clients can talk to them.
//!
//! AWS is Auto Scaling, EC2, Elastic Load Balancing, Systems Manager, `CloudWatch` and STS; Google Cloud is Compute Engine
//! and Cloud Storage: as much of them as rollouts use. Time is virtual: `POST /_world/time` moves it on. `POST /_world/fault` makes requests fail, and
//! every exchange is kept, so that tests can hold it against the vendors' descriptions of their APIs.

mod answer;
mod autoscaling;
mod autoscaling_group;
mod client;
mod cloudwatch;
mod compute;
mod compute_template;
mod control;
mod ec2;
mod fault;
mod group;
mod litter;
mod load_balancing;
mod served;
mod ssm;
mod storage;
mod wire;
mod xml;

pub use client::Client;
pub use fault::{WireFault, WireFaultKind};
pub use litter::Left;
pub use served::{Served, serve};
