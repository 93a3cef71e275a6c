//! A plan, as people review it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fleetgen_fleet::choice::{Architecture, Cloud};
use fleetgen_fleet::scalar::{GroupName, ImageId, Key, LayerName};
use fleetgen_images::Difference;
use fleetgen_rollout::{Engine, GroupPlan, Kind, LeftOut, Plan, Rollback};
use jiff::SignedDuration;
use serde::Serialize;

use crate::{contents, count, duration, inert, template};

/// What changes for the groups that move from one image to another.
#[derive(Debug, Clone, Serialize)]
pub struct Move {
    /// The layer.
    pub layer: LayerName,
    /// The cloud.
    pub cloud: Cloud,
    /// The architecture.
    pub architecture: Option<Architecture>,
    /// The key of the old image, if it is recorded.
    pub from: Option<Key>,
    /// The key of the new one.
    pub to: Key,
    /// The groups.
    pub groups: Vec<GroupName>,
    /// What differs; nothing if a report of one of them is not here.
    pub difference: Option<Difference>,
}

/// A plan with what is known about it.
#[derive(Debug)]
pub struct PlanReport<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The keys of the images that groups run now.
    pub keys: BTreeMap<&'a ImageId, &'a Key>,
    /// What changes, by image.
    pub moves: Vec<Move>,
    /// How long it takes if nothing goes wrong, waiting for windows included.
    pub expected: Option<SignedDuration>,
}

/// A row of the table of groups.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    machines: String,
    keys: String,
    images: String,
    canary: String,
    returns: String,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct WaveRows {
    title: String,
    rows: Vec<Row>,
}

impl PlanReport<'_> {
    /// The plan in words.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.title());
        for wave in self.waves() {
            let _ = writeln!(text, "\n{}", wave.title);
            let width =
                |cell: fn(&Row) -> &str| wave.rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
            let widths =
                (width(|row| &row.name), width(|row| &row.machines), width(|row| &row.keys), width(|row| &row.images));
            for row in &wave.rows {
                let Row { name, machines, keys, images, canary, returns, notes } = row;
                let canary = Some(canary).filter(|canary| !canary.is_empty());
                let returns = Some(returns).filter(|returns| returns.starts_with("cannot"));
                let notes: Vec<&str> = canary.into_iter().chain(notes).chain(returns).map(String::as_str).collect();
                let line = format!(
                    "  {name:<0$}  {machines:>1$}  {keys:<2$}  {images:<3$}  {notes}",
                    widths.0,
                    widths.1,
                    widths.2,
                    widths.3,
                    notes = notes.join("; ")
                );
                let _ = writeln!(text, "{}", line.trim_end());
            }
        }
        for moved in self.known() {
            let _ = writeln!(text, "\n{}", moved.title());
            for line in moved.lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        text.push('\n');
        for line in self.facts() {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// The groups that the plan leaves alone, and why: a line each.
    pub fn left_out(&self) -> String {
        left_out(self.plan).into_iter().fold(String::new(), |text, line| text + &line + "\n")
    }

    /// The plan in Markdown.
    ///
    /// # Errors
    /// Never for a plan that was built or parsed.
    pub fn markdown(&self) -> tera::TeraResult<String> {
        #[derive(Serialize)]
        struct Page {
            title: String,
            waves: Vec<WaveRows>,
            moves: Vec<(String, Vec<String>)>,
            facts: Vec<String>,
        }
        let moves = self.known().map(|moved| (moved.title(), moved.lines())).collect();
        let page = Page { title: self.title(), waves: self.waves(), moves, facts: self.facts() };
        template::markdown(include_str!("templates/plan.md"), &page)
    }

    /// The moves whose packages are known.
    fn known(&self) -> impl Iterator<Item = &Move> {
        self.moves.iter().filter(|moved| moved.difference.is_some())
    }

    fn title(&self) -> String {
        let plan = self.plan;
        let emergency = match &plan.request.kind {
            Kind::Emergency(reason) => format!(", an emergency: {reason}"),
            Kind::Regular => String::new(),
        };
        format!("plan {} of {}{emergency}", plan.id(), plan.fleet)
    }

    fn waves(&self) -> Vec<WaveRows> {
        let engine = Engine::new(self.plan.clone());
        let wave = |wave| {
            let (environment, number, groups) = engine.wave(wave)?;
            let rows = self.plan.groups[groups].iter().map(|group| self.row(group)).collect();
            Some(WaveRows { title: format!("{} wave {number}", environment.name), rows })
        };
        (0..engine.waves()).filter_map(wave).collect()
    }

    fn row(&self, group: &GroupPlan) -> Row {
        let name = |image: &ImageId| image.as_str().rsplit('/').next().unwrap_or_default().to_owned();
        let from = group.from.image.as_ref();
        let key = from.and_then(|image| self.keys.get(image)).map_or("not recorded", |key| key.short());
        let image = from.map_or_else(|| format!("version {}", group.from.setting.version), name);
        let canary = group
            .canaries(group.size)
            .map(|canary| if canary == 1 { "1 canary".to_owned() } else { format!("{canary} canaries") });
        let mut notes = Vec::new();
        if !group.gates.is_empty() {
            let names: Vec<&str> = group.gates.keys().map(AsRef::as_ref).collect();
            notes.push(format!("gates {}", names.join(", ")));
        }
        if group.goes_without(group.size) {
            notes.push("has no machine while its only one is replaced".to_owned());
        }
        if group.size == 0 {
            notes.push("is empty: set, and not proven".to_owned());
        }
        notes.extend(group.to.comes_along.iter().map(|setting| format!("comes along: {}", inert(setting))));
        let returns = match &group.rollback {
            Rollback::Proven(key) if group.roll_back => {
                format!("version {}, {}", group.from.setting.version, key.short())
            }
            Rollback::Proven(_) => {
                notes.push("does not return by itself".to_owned());
                format!("version {}, if you say so", group.from.setting.version)
            }
            Rollback::Impossible(why) => format!("cannot return: {}", inert(why)),
        };
        Row {
            name: group.name.to_string(),
            machines: count(group.size as usize, "machine"),
            keys: format!("{key} → {}", group.to.key.short()),
            images: format!("{image} → {}", name(&group.to.image)),
            canary: canary.unwrap_or_default(),
            returns,
            notes,
        }
    }

    /// What applies to the plan as a whole.
    fn facts(&self) -> Vec<String> {
        let plan = self.plan;
        let proven = plan.groups.iter().filter(|group| matches!(group.rollback, Rollback::Proven(_))).count();
        let all = plan.groups.len();
        let mut facts = vec![format!(
            "{}, at most {} at a time; nothing new starts after {}",
            count(all, "group"),
            plan.policy.groups_at_once,
            count(plan.policy.stop_after_failures as usize, "failure")
        )];
        facts.push(if proven == all {
            "every group can return: its image exists, is recorded, and is not revoked".to_owned()
        } else {
            format!("{proven} of {all} groups can return: their images exist, are recorded, and are not revoked")
        });
        if let Some(expected) = self.expected {
            facts.push(format!(
                "it takes about {} if nothing goes wrong, waiting for windows included",
                duration(expected)
            ));
        }
        let unknown: BTreeSet<&str> =
            self.moves.iter().filter(|moved| moved.difference.is_none()).map(|moved| moved.layer.as_str()).collect();
        if !unknown.is_empty() {
            let layers = unknown.into_iter().collect::<Vec<_>>().join(", ");
            facts.push(format!(
                "which packages change is unknown for {layers}: `--reports` names where their SBOMs are"
            ));
        }
        facts.extend(left_out(plan));
        facts
    }
}

/// The groups that a plan leaves alone, by reason. Those that are current, or were not asked for, are only counted.
fn left_out(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut current, mut others) = (0, 0);
    for (name, reason) in &plan.left_out {
        match reason {
            LeftOut::Current(_) => current += 1,
            LeftOut::NotAsked => others += 1,
            LeftOut::NoImage(_) | LeftOut::NotCreated | LeftOut::NotRevoked => {
                lines.push(format!("left alone: {name}: {}", inert(&reason.reason())));
            }
        }
    }
    for (number, what) in [(current, "already on the newest image they may run"), (others, "not asked for")] {
        if number > 0 {
            lines.push(format!("left alone: {}, {what}", count(number, "group")));
        }
    }
    lines
}

impl Move {
    fn title(&self) -> String {
        let from = self.from.as_ref().map_or("an image that is not recorded", |key| key.short());
        let architecture = self.architecture.map(|architecture| format!(" {architecture}")).unwrap_or_default();
        let groups = count(self.groups.len(), "group");
        format!("layer {} on {}{architecture}: {from} → {}, {groups}", self.layer, self.cloud.title(), self.to.short())
    }

    fn lines(&self) -> Vec<String> {
        self.difference.as_ref().map(contents::lines).unwrap_or_default()
    }
}
