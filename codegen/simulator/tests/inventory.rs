//! What a plan is made of: what the clouds show of a group.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::{Key, LayerName};
use fleetgen_fleet::{CheckContext, Fleet};
use fleetgen_images::Records;
use fleetgen_problem::{Severity, SourceFile};
use fleetgen_rollout::{GroupPlan, Kind, Request, Rollback, plan};
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
    let fleet = fleet();
    let key = |digit: char| digit.to_string().repeat(32).parse().unwrap();
    let keys: BTreeMap<LayerName, Key> = fleet.layers.keys().cloned().zip("abcdef".chars().map(key)).collect();
    let images = invented(&fleet, &keys);
    let mut world = World::of_fleet(&fleet, |group| first(&images, &fleet, group), 1, Timestamp::UNIX_EPOCH);
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
    let plan = plan(&fleet, &Records::new(&images), &world.inventory(), request).unwrap();
    plan.groups.into_iter().next().unwrap()
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
