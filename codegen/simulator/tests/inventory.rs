//! What a plan is made of: what the clouds show of a group.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::{ImageId, Key, LayerName};
use fleetgen_fleet::{CheckContext, Fleet, Group};
use fleetgen_images::{Images, Records};
use fleetgen_problem::{Severity, SourceFile};
use fleetgen_rollout::{GroupPlan, Kind, Plan, Request, Rollback, plan};
use fleetgen_simulator::{World, first, invented};
use jiff::Timestamp;

/// The fleet that test fleets are changes to: one group, `web`.
fn fleet() -> Fleet {
    let text = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/base.yaml")).unwrap();
    let source = SourceFile::from_bytes("fleet.yaml".to_owned(), text).unwrap();
    let context = CheckContext { today: None, expired: Severity::Warning };
    fleetgen_fleet::load(&source, context).unwrap().fleet
}

/// The plan of that group, after something has happened in the world.
fn planned(happens: impl FnOnce(&mut World)) -> GroupPlan {
    plan_with(first, happens).groups.into_iter().next().unwrap()
}

type Chosen = for<'a> fn(&'a BTreeMap<LayerName, Images>, &Fleet, &Group) -> Option<&'a ImageId>;

/// The newest image, which a group runs after a rollout.
fn newest<'a>(images: &'a BTreeMap<LayerName, Images>, fleet: &Fleet, group: &Group) -> Option<&'a ImageId> {
    let region = &fleet.networks.get(&group.network)?.region;
    let mut newest_first = images.get(&group.layer)?.images.iter().rev();
    newest_first.find_map(|image| image.id(group.cloud(), group.machine.architecture, region))
}

/// A plan, when the group runs an image and something has happened in the world.
fn plan_with(chosen: Chosen, happens: impl FnOnce(&mut World)) -> Plan {
    let fleet = fleet();
    let key = |digit: char| digit.to_string().repeat(32).parse().unwrap();
    let keys: BTreeMap<LayerName, Key> = fleet.layers.keys().cloned().zip("abcdef".chars().map(key)).collect();
    let images = invented(&fleet, &keys);
    let mut world = World::of_fleet(&fleet, |group| chosen(&images, &fleet, group), 1, Timestamp::UNIX_EPOCH);
    happens(&mut world);
    let (environments, groups) = (Vec::new(), Vec::new());
    let request = Request {
        created: Timestamp::UNIX_EPOCH,
        parent: None,
        kind: Kind::Regular,
        fix_forward: false,
        environments,
        groups,
    };
    plan(&fleet, &Records::new(&images), &world.inventory(), request).unwrap()
}

#[test]
fn settings_alone_are_reason_enough() {
    assert!(plan_with(newest, |_| ()).groups.is_empty(), "the group has the newest image");
    let changed = plan_with(newest, |world| world.apply(&"web".parse().unwrap(), "user data", "another"));
    assert_eq!(changed.groups[0].to.comes_along, ["user data: another"]);
    assert_eq!(changed.groups[0].from.image.as_ref(), Some(&changed.groups[0].to.image));
}

#[test]
fn what_terraform_has_changed_comes_along() {
    let web = planned(|world| world.apply(&"web".parse().unwrap(), "machine type", "m7g.xlarge"));
    assert_eq!(web.to.comes_along, ["machine type: m7g.xlarge"]);
    assert_eq!((web.from.setting.version.as_str(), web.to.source.as_str()), ("1", "2"));
    assert!(planned(|_| ()).to.comes_along.is_empty());
}

#[test]
fn a_group_returns_only_to_an_image_that_exists() {
    assert!(matches!(planned(|_| ()).rollback, Rollback::Proven(_)));
    let web = planned(|world| {
        let images = world.images();
        for image in &images {
            world.lose(image);
        }
    });
    let Rollback::Impossible(why) = web.rollback else { unreachable!() };
    assert!(why.ends_with("no longer exists"), "{why}");
}
