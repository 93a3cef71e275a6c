//! Which journal of a rollout counts: the directory of this machine, or a bucket with that as its copy.

#[cfg(feature = "bucket")]
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use fleetgen_driver::{Clock, Directory, Lease, Locked};
use fleetgen_fleet::Fleet;
use fleetgen_rollout::Journal;

use super::place::Rollout;
use crate::arguments::Global;
use crate::error::Failure;

#[cfg(feature = "bucket")]
use super::shared::{Location, Shared, SharedLease};

/// Groups in their clouds, whose journal is on this machine.
const CLOUDS: &str = "clouds";

#[cfg(not(feature = "bucket"))]
#[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "a bucket may refuse, and belongs to a rollout")]
impl Rollout {
    /// The journal that counts.
    pub(crate) fn store(&self) -> Result<Box<dyn Journal>, Failure> {
        let text = std::fs::read_to_string(self.journal.path().join(super::place::PLACE)).unwrap_or_default();
        if text.starts_with('{') {
            // Writing to the copy alone would make two journals of one.
            return Err(Failure::usage(
                format!(
                    "the journal of the rollout {} is in a bucket, which this fleetgen cannot reach",
                    self.engine.id()
                ),
                Some("install it with `cargo install --locked --path codegen/cli --features aws,gcp`".to_owned()),
            ));
        }
        Ok(self.watched())
    }

    /// The journal, for those who only watch.
    pub(crate) fn watched(&self) -> Box<dyn Journal> {
        Box::new(Directory::new(self.journal.path()))
    }

    /// The right to drive it.
    pub(super) fn lease(&self, locked: Locked, _: &mut dyn Clock) -> Result<Box<dyn Lease>, Failure> {
        Ok(Box::new(locked))
    }

    pub(super) fn is_leased(&self) -> bool {
        false
    }

    pub(super) fn keep_plan(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }
}

#[cfg(feature = "bucket")]
impl Rollout {
    /// The bucket that has the journal, if one has it.
    fn bucket(&self) -> Result<Option<fleetgen_driver::Bucket>, Failure> {
        let Some(location) = Location::read(self.journal.path())? else { return Ok(None) };
        Ok(Some(location.open()?.below(self.engine.id().short())))
    }

    /// The journal that counts.
    pub(crate) fn store(&self) -> Result<Box<dyn Journal>, Failure> {
        let copy = Directory::new(self.journal.path());
        Ok(match self.bucket()? {
            Some(bucket) => Box::new(Shared::new(bucket, copy)),
            None => Box::new(copy),
        })
    }

    /// The journal, for those who only watch. Without access to the bucket, they see what this machine knows.
    pub(crate) fn watched(&self) -> Box<dyn Journal> {
        let copy = Directory::new(self.journal.path());
        match self.bucket() {
            Ok(Some(bucket)) => Box::new(Shared::new(bucket, copy).patient()),
            Ok(None) | Err(_) => Box::new(copy),
        }
    }

    /// The right to drive it, which one process of all machines has.
    pub(super) fn lease(&self, locked: Locked, clock: &mut dyn Clock) -> Result<Box<dyn Lease>, Failure> {
        Ok(match self.bucket()? {
            Some(bucket) => Box::new(SharedLease::take(&bucket, locked, &holder(), clock)?),
            None => Box::new(locked),
        })
    }

    pub(super) fn is_leased(&self) -> bool {
        let holder = |bucket: fleetgen_driver::Bucket| bucket.holder(crate::clock::now().ok()?).ok()?;
        self.bucket().ok().flatten().and_then(holder).is_some()
    }

    /// Keeps the plan beside the journal.
    pub(super) fn keep_plan(&self, text: &str) -> Result<(), Failure> {
        let Some(bucket) = self.bucket()? else { return Ok(()) };
        bucket.put_file(super::place::PLAN, text).map_err(super::shared::failed)
    }
}

/// What is kept of a place where groups are in their clouds: the bucket of the journal, if it is in one.
#[cfg(feature = "bucket")]
pub(super) fn location(fleet: &Fleet) -> Result<String, Failure> {
    Ok(match Location::of(fleet) {
        Some(location) => serde_json::to_string(&location)?,
        None => CLOUDS.to_owned(),
    })
}

#[cfg(not(feature = "bucket"))]
#[expect(clippy::unnecessary_wraps, reason = "with buckets, it may fail")]
pub(super) fn location(_: &Fleet) -> Result<String, Failure> {
    Ok(CLOUDS.to_owned())
}

/// Who drives: two processes of one person are two drivers.
#[cfg(feature = "bucket")]
fn holder() -> String {
    let machine = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // In containers, the numbers of processes and the names of machines repeat.
    let random = RandomState::new().build_hasher().finish();
    format!("{} (process {} of {machine}, {random:016x})", crate::records::actor(), std::process::id())
}

/// Brings the copies of journals up to date, if a fleet's are in a bucket.
#[cfg(feature = "bucket")]
pub(super) fn refresh(global: &Global, fleet: &Fleet) -> Result<(), Failure> {
    Location::of(fleet).map_or(Ok(()), |location| location.pull(global))
}

#[cfg(not(feature = "bucket"))]
#[expect(clippy::unnecessary_wraps, reason = "with buckets, it may fail")]
pub(super) fn refresh(_: &Global, _: &Fleet) -> Result<(), Failure> {
    Ok(())
}

/// The same, for commands that need nothing else of fleet.yaml.
#[cfg(feature = "bucket")]
pub(super) fn refresh_if_named(global: &Global) -> Result<(), Failure> {
    refresh(global, &crate::project::fleet(global)?)
}

#[cfg(not(feature = "bucket"))]
#[expect(clippy::unnecessary_wraps, reason = "with buckets, it may fail")]
pub(super) fn refresh_if_named(_: &Global) -> Result<(), Failure> {
    Ok(())
}
