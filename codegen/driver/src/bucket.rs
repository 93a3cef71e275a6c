//! A journal in a bucket of S3 or Cloud Storage, so that a team can start a rollout on one machine and resume it on another.
//!
//! Records are objects that are created if absent, which both clouds do atomically. The lease is an object that is updated if
//! it has not changed. It only keeps two drivers from trying at the same time; what keeps them apart is the records.

use std::sync::Arc;
use std::time::Duration;

use fleetgen_rollout::{Append, Head, Journal, JournalError};
use jiff::{SignedDuration, Timestamp};
use object_store::aws::AmazonS3Builder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, UpdateVersion};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::Lease;

/// How long a lease lasts without being kept.
const LASTS: SignedDuration = SignedDuration::from_secs(120);
/// The longest that a request to a cloud may still be on its way after its driver has lost the lease.
const LONGEST_REQUEST: Duration = Duration::from_mins(1);

/// The object of the lease.
const LEASE: &str = "lease.json";

/// A prefix of a bucket.
#[derive(Clone)]
pub struct Bucket {
    runtime: Arc<Runtime>,
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

/// The lease of a journal in a bucket.
pub struct BucketLease {
    bucket: Bucket,
    holder: String,
    version: UpdateVersion,
    until: Timestamp,
}

/// The lease's object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    holder: String,
    until: Timestamp,
}

/// Why a lease was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another driver has it.
    #[error("{holder} drives this rollout, at least until {until}")]
    Held {
        /// Who.
        holder: String,
        /// Until when, if it is not kept.
        until: Timestamp,
    },
    /// It is not known who has it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

fn failed(error: impl std::fmt::Display) -> JournalError {
    JournalError(error.to_string())
}

impl Bucket {
    /// A prefix of an S3 bucket, with the credentials of the environment.
    ///
    /// # Errors
    /// The environment has no usable credentials.
    pub fn s3(bucket: &str, region: &str, prefix: &str) -> Result<Self, JournalError> {
        let store = AmazonS3Builder::from_env().with_bucket_name(bucket).with_region(region).build().map_err(failed)?;
        Self::new(Arc::new(store), prefix)
    }

    /// A prefix of a bucket of Cloud Storage, with the credentials of the environment.
    ///
    /// # Errors
    /// The environment has no usable credentials.
    pub fn gcs(bucket: &str, prefix: &str) -> Result<Self, JournalError> {
        let store = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket).build().map_err(failed)?;
        Self::new(Arc::new(store), prefix)
    }

    /// A prefix of any store with conditional writes.
    ///
    /// # Errors
    /// The runtime of the requests cannot be made.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self, JournalError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        Ok(Self { runtime: Arc::new(runtime), store, prefix: Path::from(prefix) })
    }

    /// The same bucket, one level below.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        Self { prefix: self.at(name), ..self.clone() }
    }

    /// The names that are one level below; sorted.
    ///
    /// # Errors
    /// They cannot be listed.
    pub fn directories(&self) -> Result<Vec<String>, JournalError> {
        let listed = self.runtime.block_on(self.store.list_with_delimiter(Some(&self.prefix))).map_err(failed)?;
        let mut names: Vec<String> =
            listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// A file, if it exists.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn file(&self, name: &str) -> Result<Option<String>, JournalError> {
        Ok(self.get(&self.at(name))?.map(|(text, _)| text))
    }

    /// Writes a file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put_file(&self, name: &str, text: &str) -> Result<(), JournalError> {
        self.put(&self.at(name), text.to_owned(), PutMode::Overwrite).map(drop)
    }

    /// Who holds the lease now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn holder(&self, now: Timestamp) -> Result<Option<String>, JournalError> {
        let Some(text) = self.file(LEASE)? else { return Ok(None) };
        let held: Held = serde_json::from_str(&text).map_err(failed)?;
        Ok((held.until > now).then_some(held.holder))
    }

    fn at(&self, name: &str) -> Path {
        self.prefix.clone().join(name)
    }

    fn get(&self, path: &Path) -> Result<Option<(String, UpdateVersion)>, JournalError> {
        self.runtime.block_on(async {
            match self.store.get(path).await {
                Ok(found) => {
                    let version =
                        UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
                    let bytes = found.bytes().await.map_err(failed)?;
                    let text = String::from_utf8(bytes.to_vec()).map_err(failed)?;
                    Ok(Some((text, version)))
                }
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(failed(error)),
            }
        })
    }

    /// Writes an object; nothing if the condition does not hold.
    fn put(&self, path: &Path, text: String, mode: PutMode) -> Result<Option<UpdateVersion>, JournalError> {
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.runtime.block_on(self.store.put_opts(path, PutPayload::from(text), options)) {
            Ok(put) => Ok(Some(put.into())),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Takes the lease, and waits until nothing of the driver before this one can still be on its way. `wait` waits.
    ///
    /// # Errors
    /// Another driver has it.
    pub fn lease(&self, holder: &str, now: Timestamp, wait: impl FnOnce(Duration)) -> Result<BucketLease, LeaseError> {
        let path = self.at(LEASE);
        let found = self.get(&path)?;
        let (mode, taken_over) = match &found {
            None => (PutMode::Create, false),
            Some((text, version)) => {
                let held: Held = serde_json::from_str(text).map_err(failed)?;
                if held.until > now && held.holder != holder {
                    return Err(LeaseError::Held { holder: held.holder, until: held.until });
                }
                (PutMode::Update(version.clone()), held.holder != holder)
            }
        };
        let until = now.checked_add(LASTS).unwrap_or(now);
        let text = serde_json::to_string(&Held { holder: holder.to_owned(), until }).map_err(failed)?;
        let Some(version) = self.put(&path, text, mode)? else {
            return Err(LeaseError::Held { holder: "another driver".to_owned(), until });
        };
        if taken_over {
            wait(LONGEST_REQUEST);
        }
        Ok(BucketLease { bucket: self.clone(), holder: holder.to_owned(), version, until })
    }
}

impl Lease for BucketLease {
    fn keep(&mut self, now: Timestamp) -> Result<(), String> {
        if self.until.duration_since(now) > LASTS / 2 {
            return Ok(());
        }
        let until = now.checked_add(LASTS).unwrap_or(now);
        let held = Held { holder: self.holder.clone(), until };
        let text = serde_json::to_string(&held).map_err(|error| error.to_string())?;
        let path = self.bucket.at(LEASE);
        match self.bucket.put(&path, text, PutMode::Update(self.version.clone())) {
            Ok(Some(version)) => {
                self.version = version;
                self.until = until;
                Ok(())
            }
            // Ours, if an earlier answer was lost.
            Ok(None) => match self.bucket.get(&path) {
                Ok(Some((text, version)))
                    if serde_json::from_str::<Held>(&text).is_ok_and(|it| it.holder == self.holder) =>
                {
                    self.version = version;
                    Ok(())
                }
                _ => Err("another driver".to_owned()),
            },
            // The cloud does not answer. As long as the lease lasts, it is ours.
            Err(_) if now < self.until => Ok(()),
            Err(error) => Err(format!("the lease has run out: {error}")),
        }
    }
}

impl Drop for BucketLease {
    /// Gives the lease back, if it is still ours, so that the next driver need not wait.
    fn drop(&mut self) {
        let held = Held { holder: self.holder.clone(), until: Timestamp::UNIX_EPOCH };
        if let Ok(text) = serde_json::to_string(&held) {
            let _ = self.bucket.put(&self.bucket.at(LEASE), text, PutMode::Update(self.version.clone()));
        }
    }
}

impl Journal for Bucket {
    fn append(&mut self, number: u64, text: &str) -> Result<Append, JournalError> {
        let written = self.put(&self.at(&format!("{number:06}.json")), text.to_owned(), PutMode::Create)?;
        Ok(if written.is_some() { Append::Written } else { Append::Taken })
    }

    fn read(&mut self, number: u64) -> Result<Option<String>, JournalError> {
        Ok(self.get(&self.at(&format!("{number:06}.json")))?.map(|(text, _)| text))
    }

    fn set_head(&mut self, head: &Head) -> Result<(), JournalError> {
        let text = serde_json::to_string(head).map_err(failed)?;
        self.put(&self.at("head.json"), text, PutMode::Overwrite).map(drop)
    }

    fn head(&mut self) -> Result<Option<Head>, JournalError> {
        let Some((text, _)) = self.get(&self.at("head.json"))? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| failed(format!("head.json is broken: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A store in memory; or the S3 that the environment names, if it has `FLEETGEN_TEST_BUCKET`.
    fn bucket(prefix: &str) -> Bucket {
        match std::env::var("FLEETGEN_TEST_BUCKET") {
            Ok(name) => Bucket::s3(&name, "us-east-1", prefix).unwrap(),
            Err(_) => Bucket::new(Arc::new(InMemory::new()), prefix).unwrap(),
        }
    }

    #[test]
    fn a_record_is_created_once() {
        let mut journal = bucket("rollouts/records");
        assert_eq!(journal.read(1).unwrap(), None);
        assert_eq!(journal.append(1, "one\n").unwrap(), Append::Written);
        assert_eq!(journal.append(1, "other\n").unwrap(), Append::Taken);
        assert_eq!(journal.read(1).unwrap().as_deref(), Some("one\n"));
        assert_eq!(journal.head().unwrap(), None);
        let head = Head { number: 1, digest: "0".repeat(64).parse().unwrap() };
        journal.set_head(&head).unwrap();
        journal.set_head(&head).unwrap();
        assert_eq!(journal.head().unwrap(), Some(head));
    }

    #[test]
    fn a_lease_is_held_kept_lost_and_given_back() {
        let bucket = bucket("rollouts/lease");
        let now = at("2026-11-02T01:00:00Z");
        let never = |_: Duration| panic!("there is nothing to wait for");
        let later = |seconds| now + SignedDuration::from_secs(seconds);
        let mut first = bucket.lease("first", now, never).unwrap();
        let held = bucket.lease("second", later(119), never).map(drop).unwrap_err();
        assert_eq!(held.to_string(), "first drives this rollout, at least until 2026-11-02T01:02:00Z");
        // Kept, it lasts longer.
        first.keep(later(100)).unwrap();
        assert!(bucket.lease("second", later(130), never).is_err());
        // Another driver has it, however that came.
        let path = bucket.at(LEASE);
        let other = Held { holder: "second".to_owned(), until: later(900) };
        bucket.put(&path, serde_json::to_string(&other).unwrap(), PutMode::Overwrite).unwrap();
        assert!(first.keep(later(200)).is_err());
        // And giving it back does not take it from them.
        drop(first);
        assert!(bucket.lease("third", later(300), never).is_err());
        // A driver that has died loses it after two minutes; whoever takes over waits for its requests.
        let mut waited = None;
        let lease = bucket.lease("third", later(1_000), |time| waited = Some(time)).unwrap();
        assert_eq!(waited, Some(LONGEST_REQUEST));
        drop(lease);
        let other = Held { holder: "second".to_owned(), until: later(1_900) };
        bucket.put(&path, serde_json::to_string(&other).unwrap(), PutMode::Overwrite).unwrap();
        // The same driver gets it back at once, and its end frees it.
        drop(bucket.lease("second", later(1_300), never).unwrap());
        let (text, _) = bucket.get(&path).unwrap().unwrap();
        assert!(text.contains("1970-01-01"), "{text}");
    }
}
