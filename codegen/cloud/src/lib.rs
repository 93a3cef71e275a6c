//! AWS and Google Cloud, as the engine of `fleetgen-rollout` sees them.
//!
//! [`Clouds`] finds a group's cloud, account and region, and asks it. The features `aws` and `gcp` bring the clients of the
//! clouds, which take minutes to compile; [`Clouds::BUILT_FOR`] says which of them are there.

#[cfg(feature = "aws")]
mod aws;
mod clouds;
mod failure;
#[cfg(feature = "gcp")]
mod gcp;
mod litter;
mod writes;

pub use clouds::Clouds;
pub use failure::{Class, Failure};
pub use litter::{Kind, Litter, Thing};
pub use writes::WRITES;
