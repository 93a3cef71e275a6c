//! Why a group is where it is, in lines.

use fleetgen_fleet::scalar::GroupName;
use fleetgen_rollout::{Engine, Explanation, State};

use crate::inert;

/// Explains a group; nothing if the plan does not know it. While no process drives a rollout, nothing happens by itself.
pub fn explain(engine: &Engine, state: &State, group: &GroupName, is_driven: bool) -> Option<Explanation> {
    let mut explanation = engine.explain(state, group)?;
    if state.outcome().is_none() && !is_driven && engine.index(group).is_some() {
        // Windows and freezes end by themselves.
        explanation.until = explanation.until.filter(|until| state.holds().any(|hold| hold.until() == Some(*until)));
        explanation.unblock.push("no process drives the rollout; `rollout resume` goes on".to_owned());
    }
    Some(explanation)
}

/// The lines of an explanation.
pub fn explanation_lines(engine: &Engine, state: &State, group: &GroupName, explanation: &Explanation) -> Vec<String> {
    let mut lines = Vec::new();
    match engine.index(group) {
        Some(index) => {
            let (plan, group) = (&engine.plan().groups[index], &state.groups[index]);
            lines.push(format!("{}: {} since {}", plan.name, group.phase, group.since));
            let image = plan.from.image.as_ref().map_or("unknown", |image| image.as_str());
            lines.push(format!("image  {image} → {}", plan.to.image));
        }
        None => lines.push(format!("{group}: not in the rollout {}", engine.id())),
    }
    lines.push(format!("why    {}", inert(&explanation.why)));
    lines.extend(explanation.until.map(|until| format!("until  {until}")));
    lines.extend(explanation.unblock.iter().map(|unblock| format!("do     {}", inert(unblock))));
    lines
}
