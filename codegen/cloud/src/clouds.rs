//! Both clouds behind one door.

use fleetgen_fleet::choice::Cloud as CloudName;
use fleetgen_fleet::scalar::{GroupName, ImageId};
use fleetgen_fleet::{Check, Gate};
use fleetgen_rollout::{
    Answer, Cloud, Effect, Found, GroupPlan, Live, Place, Sight, Verdict, Version, VersionList, Versions,
};

#[cfg(any(feature = "aws", feature = "gcp"))]
use {
    std::sync::Arc,
    tokio::{sync::Semaphore, task::JoinSet},
};

#[cfg(not(all(feature = "aws", feature = "gcp")))]
use crate::failure::Class;
use crate::failure::Failure;
use crate::litter::{Litter, Thing};

/// AWS and Google Cloud, with the credentials of the environment.
pub struct Clouds {
    #[cfg(any(feature = "aws", feature = "gcp"))]
    runtime: tokio::runtime::Runtime,
    #[cfg(feature = "aws")]
    aws: crate::aws::Aws,
    #[cfg(feature = "gcp")]
    gcp: crate::gcp::Gcp,
}

/// Asks the cloud of a place, and waits for its answer.
macro_rules! ask {
    ($clouds:ident, $place:expr, $($call:tt)+) => {
        match $place.cloud {
            #[cfg(feature = "aws")]
            CloudName::Aws => $clouds.runtime.block_on($clouds.aws.$($call)+),
            #[cfg(feature = "gcp")]
            CloudName::Gcp => $clouds.runtime.block_on($clouds.gcp.$($call)+),
            #[cfg(not(all(feature = "aws", feature = "gcp")))]
            cloud => Err(not_built_for(cloud)),
        }
    };
}

/// The most groups that are looked at at once. The clients of a region share their rate: one that is told to slow down does.
#[cfg(any(feature = "aws", feature = "gcp"))]
const AT_ONCE: usize = 8;

/// Asks the clouds of many places, several at once, and waits for their answers, in the order of the places.
macro_rules! ask_all {
    ($clouds:ident, $places:expr, $call:ident) => {{
        #[cfg(any(feature = "aws", feature = "gcp"))]
        {
            let Self { runtime, .. } = $clouds;
            runtime.block_on(async {
                let permits = Arc::new(Semaphore::new(AT_ONCE));
                let mut asked = JoinSet::new();
                for (index, place) in $places.iter().cloned().enumerate() {
                    let permits = Arc::clone(&permits);
                    match place.cloud {
                        #[cfg(feature = "aws")]
                        CloudName::Aws => {
                            let clients = $clouds.aws.at(&place).await;
                            asked.spawn(async move {
                                let _permit = permits.acquire().await;
                                let answer = match clients {
                                    Ok(clients) => clients.$call(&place).await,
                                    Err(failure) => Err(failure),
                                };
                                (index, answer)
                            });
                        }
                        #[cfg(feature = "gcp")]
                        CloudName::Gcp => {
                            let clients = $clouds.gcp.clients().await;
                            asked.spawn(async move {
                                let _permit = permits.acquire().await;
                                let answer = match clients {
                                    Ok(clients) => clients.$call(&place).await,
                                    Err(failure) => Err(failure),
                                };
                                (index, answer)
                            });
                        }
                        #[cfg(not(all(feature = "aws", feature = "gcp")))]
                        cloud => {
                            drop(permits);
                            asked.spawn(async move { (index, Err(not_built_for(cloud))) });
                        }
                    }
                }
                let mut answers = asked.join_all().await;
                answers.sort_unstable_by_key(|(index, _)| *index);
                answers.into_iter().map(|(_, answer)| answer).collect::<Vec<_>>()
            })
        }
        #[cfg(not(any(feature = "aws", feature = "gcp")))]
        $places.iter().map(|place| Err(not_built_for(place.cloud))).collect::<Vec<_>>()
    }};
}

/// A value that only some features use.
macro_rules! used {
    ($($value:ident),+) => {
        let _ = ($(&$value,)+);
    };
}

impl Clouds {
    /// The clouds that this program was built for.
    pub const BUILT_FOR: &[CloudName] = &[
        #[cfg(feature = "aws")]
        CloudName::Aws,
        #[cfg(feature = "gcp")]
        CloudName::Gcp,
    ];

    /// Makes the clients. They look for credentials when they are first used.
    ///
    /// # Errors
    /// The runtime of the requests cannot be made.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(any(feature = "aws", feature = "gcp"))]
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            #[cfg(feature = "aws")]
            aws: crate::aws::Aws::default(),
            #[cfg(feature = "gcp")]
            gcp: crate::gcp::Gcp::default(),
        })
    }

    /// Both clouds at one URL of this machine, without credentials: the simulated clouds of `fleetgen-loopback`.
    ///
    /// # Errors
    /// The runtime of the requests cannot be made.
    pub fn on_loopback(url: &str) -> std::io::Result<Self> {
        used!(url);
        #[cfg_attr(not(any(feature = "aws", feature = "gcp")), expect(unused_mut, reason = "nothing is set"))]
        let mut clouds = Self::new()?;
        #[cfg(feature = "aws")]
        {
            clouds.aws.endpoint = Some(url.to_owned());
        }
        #[cfg(feature = "gcp")]
        {
            clouds.gcp.endpoint = Some(url.to_owned());
        }
        Ok(clouds)
    }

    /// What the clouds show of groups, for a plan, in their order.
    pub fn find(&mut self, places: &[Place]) -> Vec<Found> {
        let unseen = |failure: Failure| Found {
            sight: failure.sight(),
            latest: Version::from(String::new()),
            image: None,
            image_exists: true,
            comes_along: Vec::new(),
        };
        let found = ask_all!(self, places, find);
        found.into_iter().map(|found| found.unwrap_or_else(unseen)).collect()
    }

    /// Groups as they are, with the images of their versions, in their order; or what a cloud said instead.
    pub fn live(&mut self, places: &[Place]) -> Vec<Result<Live, Failure>> {
        ask_all!(self, places, live)
    }

    /// The image that is recorded for a group in its parameter. Google Cloud has none.
    ///
    /// # Errors
    /// What the cloud said instead.
    pub fn recorded(&mut self, place: &Place, parameter: &str) -> Result<Option<String>, Failure> {
        match place.cloud {
            CloudName::Gcp => Ok(None),
            #[cfg(feature = "aws")]
            CloudName::Aws => self.runtime.block_on(self.aws.recorded(place, parameter)),
            #[cfg(not(feature = "aws"))]
            CloudName::Aws => {
                used!(parameter);
                Err(not_built_for(CloudName::Aws))
            }
        }
    }

    /// Records the image that a group should run, in its parameter on AWS, if it is not recorded yet. On Google Cloud, the
    /// template that the group launches says it.
    ///
    /// # Errors
    /// What the cloud said instead.
    pub fn record(&mut self, place: &Place, parameter: &str, image: &ImageId) -> Result<(), Failure> {
        match place.cloud {
            CloudName::Gcp => Ok(()),
            #[cfg(feature = "aws")]
            CloudName::Aws => self.runtime.block_on(self.aws.record(place, parameter, image)),
            #[cfg(not(feature = "aws"))]
            CloudName::Aws => {
                used!(parameter, image);
                Err(not_built_for(CloudName::Aws))
            }
        }
    }

    /// What has the fleet's tags in a region, and no group owns. The name of `site` is the fleet's.
    ///
    /// # Errors
    /// What the cloud said instead.
    pub fn litter(&mut self, site: &Place, zones: &[String], now: jiff::Timestamp) -> Result<Litter, Failure> {
        used!(zones, now);
        match site.cloud {
            #[cfg(feature = "aws")]
            CloudName::Aws => self.runtime.block_on(self.aws.litter(site)),
            #[cfg(feature = "gcp")]
            CloudName::Gcp => self.runtime.block_on(self.gcp.litter(site, zones, now)),
            #[cfg(not(all(feature = "aws", feature = "gcp")))]
            cloud => Err(not_built_for(cloud)),
        }
    }

    /// Removes a thing.
    ///
    /// # Errors
    /// What the cloud said instead.
    pub fn remove(&mut self, thing: &Thing) -> Result<(), Failure> {
        ask!(self, thing.site, remove(thing))
    }

    /// Marks an image as deprecated. AWS does that by itself.
    ///
    /// # Errors
    /// What the cloud said instead.
    pub fn deprecate(&mut self, thing: &Thing) -> Result<(), Failure> {
        match thing.site.cloud {
            CloudName::Aws => Ok(()),
            #[cfg(feature = "gcp")]
            CloudName::Gcp => self.runtime.block_on(self.gcp.deprecate(thing)),
            #[cfg(not(feature = "gcp"))]
            CloudName::Gcp => Err(not_built_for(CloudName::Gcp)),
        }
    }

    /// Why a gate cannot be checked in a cloud.
    pub fn cannot_check(cloud: CloudName, gate: &Gate) -> Option<&'static str> {
        match (&gate.check, cloud) {
            (Check::Alarm(_), CloudName::Gcp) => Some("fleetgen cannot ask Google Cloud for alarms yet"),
            (Check::MachineCommand(_), CloudName::Gcp) => {
                Some("fleetgen cannot run commands on machines of Google Cloud yet")
            }
            (Check::Sessions, CloudName::Gcp) => {
                Some("Google Cloud does not tell who could open a session on a machine")
            }
            (Check::Alarm(_) | Check::Sessions | Check::MachineCommand(_), CloudName::Aws)
            | (Check::Http(_) | Check::LocalCommand(_) | Check::Approval(_), _) => None,
        }
    }
}

impl Cloud for Clouds {
    fn observe(&mut self, group: &GroupPlan) -> Sight {
        let place = &group.place;
        ask!(self, place, observe(place)).map_or_else(Failure::sight, Sight::Seen)
    }

    fn perform(&mut self, group: &GroupPlan, effect: &Effect) -> Answer {
        used!(effect);
        let performed: Result<Answer, Failure> = match group.place.cloud {
            #[cfg(feature = "aws")]
            CloudName::Aws => self.runtime.block_on(in_time(self.aws.perform(group, effect))),
            #[cfg(feature = "gcp")]
            CloudName::Gcp => self.runtime.block_on(in_time(self.gcp.perform(group, effect))),
            #[cfg(not(all(feature = "aws", feature = "gcp")))]
            cloud => Err(not_built_for(cloud)),
        };
        performed.unwrap_or_else(|failure| {
            let request = failure.request.clone();
            Answer { outcome: failure.outcome(), request }
        })
    }

    fn check(&mut self, group: Option<&GroupPlan>, gate: &Gate) -> Verdict {
        let Some(place) = group.map(|group| &group.place) else { return Verdict::Unknown };
        #[cfg(feature = "aws")]
        if place.cloud == CloudName::Aws {
            let checked = match &gate.check {
                Check::Alarm(name) => self.runtime.block_on(self.aws.alarm(place, name.as_str())),
                Check::Sessions => self.runtime.block_on(self.aws.sessions(place)),
                Check::MachineCommand(words) => self.runtime.block_on(self.aws.command(place, words)),
                Check::Http(_) | Check::LocalCommand(_) | Check::Approval(_) => Ok(Verdict::Unknown),
            };
            return checked.unwrap_or(Verdict::Unknown);
        }
        used!(place, gate);
        Verdict::Unknown
    }
}

impl Versions for Clouds {
    fn list(&mut self, _: &GroupName, place: &Place) -> Result<VersionList, String> {
        ask!(self, place, list(place)).map_err(|failure| failure.words())
    }

    fn delete(&mut self, _: &GroupName, place: &Place, version: &Version) -> Result<(), String> {
        used!(version);
        ask!(self, place, delete(place, version)).map_err(|failure| failure.words())
    }
}

#[cfg(not(all(feature = "aws", feature = "gcp")))]
fn not_built_for(cloud: CloudName) -> Failure {
    Failure::new(Class::Refuse, format!("this fleetgen was built without {}", cloud.title()))
}

/// The longest that an effect takes, with all its requests. A driver that takes over waits for a minute, so that nothing of the driver
/// before it is still on its way.
#[cfg(any(feature = "aws", feature = "gcp"))]
const EFFECT: std::time::Duration = std::time::Duration::from_secs(50);

/// Gives an effect up that takes too long. It may have happened.
#[cfg(any(feature = "aws", feature = "gcp"))]
async fn in_time(performing: impl Future<Output = Result<Answer, Failure>>) -> Result<Answer, Failure> {
    let late = || Failure::new(crate::failure::Class::Unknown, format!("no answer within {} s", EFFECT.as_secs()));
    tokio::time::timeout(EFFECT, performing).await.unwrap_or_else(|_| Err(late()))
}
