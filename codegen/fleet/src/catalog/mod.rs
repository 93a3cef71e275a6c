//! What is known of the clouds: regions with their zones, and machine types.
//!
//! AWS: `data/aws-zones.json` and `data/aws-machines.json` were taken from what EC2 answers to
//! `DescribeInstanceTypes` and `DescribeInstanceTypeOfferings`, as recorded in moto 5.2.5. GCP: from Google's public
//! lists of regions and of machine families; it has no file that says the same.

pub mod hardening;
mod machine;
mod region;

pub use machine::{Found, Unknown, find};
pub use region::{gcp_zones, zones};
