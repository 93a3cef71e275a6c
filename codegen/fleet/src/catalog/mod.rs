//! Facts about the clouds, their regions with zones, and machine types; and about operating systems.
//!
//! AWS: `data/aws-zones.json` and `data/aws-machines.json` come from EC2's answers to
//! `DescribeInstanceTypes` and `DescribeInstanceTypeOfferings`, as recorded in moto 5.2.5. GCP: Google's public lists of
//! regions and of machine families; `data/gcp-machines.json` has the sizes of those that get no new ones, as `gcloud compute machine-types
//! list` showed them in the repository Cyclenerd/google-cloud-pricing-cost-calculator (2023-05-02). Any size of another family is taken.

pub mod gpu;
pub mod hardening;
mod machine;
pub mod os;
mod region;

pub use machine::{MachineFacts, machine};
pub use region::{gcp_zones, zones};
