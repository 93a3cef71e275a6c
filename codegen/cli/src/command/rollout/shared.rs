//! Journals that a team shares, in a bucket. The bucket is what counts. The directory of this machine is a copy, which every
//! command reads; it is brought up to date before a rollout is looked for.

use std::time::{Duration, Instant};

use fleetgen_driver::{Bucket, BucketLease, Clock, Directory, Lease, LeaseError, Locked};
use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::{Fleet, JournalPlace};
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_rollout::{Append, Head, Journal, JournalError};
use fleetgen_tree::AtomicFile;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::place::{PLACE, PLAN, ROLLOUTS};
use crate::arguments::Global;
use crate::error::Failure;

/// A prefix of a bucket, as the copy of each rollout remembers it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Location {
    cloud: Cloud,
    bucket: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    prefix: String,
}

impl Location {
    /// Where a fleet's journals are, if that is a bucket.
    pub(super) fn of(fleet: &Fleet) -> Option<Self> {
        let JournalPlace::Bucket { cloud, bucket, region, prefix } = &fleet.rollout.journal else { return None };
        Some(Self {
            cloud: *cloud,
            bucket: bucket.to_string(),
            region: region.as_ref().map(ToString::to_string),
            prefix: prefix.to_string(),
        })
    }

    /// Where the journal of the rollout in a directory is, if that is a bucket.
    pub(super) fn read(path: &std::path::Path) -> Result<Option<Self>, Failure> {
        let text = std::fs::read_to_string(path.join(PLACE)).unwrap_or_default();
        if text.starts_with('{') { Ok(Some(serde_json::from_str(&text)?)) } else { Ok(None) }
    }

    /// Opens it, with the credentials of the environment.
    pub(super) fn open(&self) -> Result<Bucket, Failure> {
        match self.cloud {
            Cloud::Aws => Bucket::s3(&self.bucket, self.region.as_deref().unwrap_or_default(), &self.prefix),
            Cloud::Gcp => Bucket::gcs(&self.bucket, &self.prefix),
        }
        .map_err(failed)
    }

    /// Copies what the bucket has and this machine does not.
    pub(super) fn pull(&self, global: &Global) -> Result<(), Failure> {
        let all = self.open()?;
        for name in all.directories().map_err(failed)? {
            let (path, mut bucket) = (global.directory.join(ROLLOUTS).join(&name), all.below(&name));
            if !path.join(PLAN).exists() {
                // One that is being written has no plan yet.
                let Some(plan) = bucket.file(PLAN).map_err(failed)? else { continue };
                fs_err::create_dir_all(&path)?;
                AtomicFile::stage(&path.join(PLACE), serde_json::to_string(self)?.as_bytes())?.commit()?;
                AtomicFile::stage(&path.join(PLAN), plan.as_bytes())?.sync()?.commit()?;
            }
            let mut copy = Directory::new(&path);
            let mut number = copy.most()? + 1;
            while let Some(text) = bucket.read(number).map_err(failed)? {
                copy.append(number, &text).map_err(failed)?;
                number += 1;
            }
        }
        Ok(())
    }
}

pub(super) fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Fault(anyhow::anyhow!(
        "the bucket of the journals cannot be used: {error}; check `rollout.journal` and the credentials"
    ))
}

/// A journal in a bucket, with its copy.
pub(crate) struct Shared {
    bucket: Bucket,
    copy: Directory,
    /// How long a record that is not there is not asked for again.
    patience: Duration,
    asked: Option<Instant>,
}

impl Shared {
    pub(super) fn new(bucket: Bucket, copy: Directory) -> Self {
        Self { bucket, copy, patience: Duration::ZERO, asked: None }
    }

    /// The same, for those who only watch.
    #[must_use]
    pub(super) fn patient(self) -> Self {
        Self { patience: Duration::from_secs(5), ..self }
    }
}

impl Journal for Shared {
    fn append(&mut self, number: u64, text: &str) -> Result<Append, JournalError> {
        let appended = self.bucket.append(number, text)?;
        if appended == Append::Written {
            self.copy.append(number, text)?;
        }
        Ok(appended)
    }

    fn read(&mut self, number: u64) -> Result<Option<String>, JournalError> {
        // Records never change.
        if let Some(text) = self.copy.read(number)? {
            return Ok(Some(text));
        }
        if self.asked.is_some_and(|asked| asked.elapsed() < self.patience) {
            return Ok(None);
        }
        let text = self.bucket.read(number)?;
        match &text {
            Some(text) => drop(self.copy.append(number, text)?),
            None => self.asked = Some(Instant::now()),
        }
        Ok(text)
    }

    fn set_head(&mut self, head: &Head) -> Result<(), JournalError> {
        self.bucket.set_head(head)?;
        self.copy.set_head(head)
    }

    fn head(&mut self) -> Result<Option<Head>, JournalError> {
        self.bucket.head()
    }
}

/// The right to drive a rollout: on this machine, and of its bucket.
pub(super) struct SharedLease {
    _locked: Locked,
    lease: BucketLease,
}

impl SharedLease {
    /// Takes it from a driver that has not kept it. That takes a minute, in which its last request ends.
    pub(super) fn take(bucket: &Bucket, locked: Locked, holder: &str, clock: &mut dyn Clock) -> Result<Self, Failure> {
        let now = clock.now();
        let wait = |time: Duration| {
            let until = now.checked_add(time).unwrap_or(now);
            while clock.now() < until {
                clock.wait(until);
            }
        };
        let lease = bucket.lease(holder, now, wait).map_err(|error| match error {
            LeaseError::Held { .. } => {
                let problem = Problem::new(Code::Lease, Place::Nowhere, error.to_string());
                let hint = "wait until it ends, or stop it; `fleetgen rollout status` shows how far it is";
                Failure::Problems(vec![problem.hint(hint)], None)
            }
            LeaseError::Journal(error) => failed(error),
        })?;
        Ok(Self { _locked: locked, lease })
    }
}

impl Lease for SharedLease {
    fn keep(&mut self, now: Timestamp) -> Result<(), String> {
        self.lease.keep(now)
    }
}
