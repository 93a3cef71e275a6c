//! The phases of a group and every way from one to another, in one table. docs/rollout.md prints it as a diagram.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $word_doc:literal])+ $variant:ident = $word:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $word_doc])+ #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The words in output.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What it means, in a sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => concat!($($word_doc),+).trim_ascii(),)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// How far a group is.
    Phase {
        /// Its turn has not come.
        Pending = "pending",
        /// Its new version is being created.
        Preparing = "preparing",
        /// The first machines are being replaced.
        Canary = "canary",
        /// The canary is being watched and its gates checked.
        Judging = "judging",
        /// The other machines are being replaced.
        Updating = "updating",
        /// Every machine has the new version, and is being watched.
        Baking = "baking",
        /// The gates of the whole group are being checked.
        Verifying = "verifying",
        /// Every machine has the new version, and it works.
        Done = "done",
        /// The group is empty: its next machine will have the new version. Nothing has proven it.
        Set = "set",
        /// Its turn never came.
        Skipped = "skipped",
        /// The machines are returning to the old version.
        RollingBack = "rolling back",
        /// Every machine has the old version again.
        RolledBack = "rolled back",
        /// It failed, and was left as it is: some machines may have the new version.
        Failed = "failed",
        /// It failed, and the rollout cannot undo it.
        NeedsHuman = "needs a human",
    }
}

words! {
    /// What moves a group from one phase to another.
    Trigger {
        /// Its turn comes.
        Start = "its turn",
        /// Its turn will never come.
        Drop = "dropped",
        /// The new version exists, and a canary is wanted.
        CanaryWanted = "canary wanted",
        /// The new version exists, and no canary is wanted.
        NoCanary = "no canary",
        /// The group has no machines.
        Emptied = "no machines",
        /// The canaries are healthy.
        CanaryUp = "canaries healthy",
        /// The canary was healthy for long enough, and its gates passed.
        Passed = "gates passed",
        /// Every machine has the new version and is healthy.
        Updated = "all updated",
        /// Every machine was healthy for long enough.
        Baked = "baked",
        /// The gates of the whole group passed.
        Verified = "gates passed again",
        /// It failed, or a person wants it back.
        Retreat = "failed or ordered back",
        /// It failed, and is to stay as it is.
        GiveUp = "left as it is",
        /// It failed, and there is no safe way back.
        AskHuman = "no way back",
        /// Every machine has the old version.
        Restored = "all restored",
    }
}

/// Every transition: from, trigger, to. Anything else does not happen.
pub const TRANSITIONS: &[(Phase, Trigger, Phase)] = {
    use Phase::{
        Baking, Canary, Done, Failed, Judging, NeedsHuman, Pending, Preparing, RolledBack, RollingBack, Set, Skipped,
        Updating, Verifying,
    };
    use Trigger::{
        AskHuman, Baked, CanaryUp, CanaryWanted, Drop, Emptied, GiveUp, NoCanary, Passed, Restored, Retreat, Start,
        Updated, Verified,
    };
    &[
        (Pending, Start, Preparing),
        (Pending, Drop, Skipped),
        (Preparing, Drop, Skipped),
        (Preparing, CanaryWanted, Canary),
        (Preparing, NoCanary, Updating),
        (Preparing, Emptied, Set),
        (Preparing, Retreat, RollingBack),
        (Preparing, GiveUp, Failed),
        (Preparing, AskHuman, NeedsHuman),
        (Canary, CanaryUp, Judging),
        (Canary, Retreat, RollingBack),
        (Canary, GiveUp, Failed),
        (Canary, AskHuman, NeedsHuman),
        (Judging, Passed, Updating),
        (Judging, Retreat, RollingBack),
        (Judging, GiveUp, Failed),
        (Judging, AskHuman, NeedsHuman),
        (Updating, Updated, Baking),
        (Updating, Retreat, RollingBack),
        (Updating, GiveUp, Failed),
        (Updating, AskHuman, NeedsHuman),
        (Baking, Baked, Verifying),
        (Baking, Retreat, RollingBack),
        (Baking, GiveUp, Failed),
        (Baking, AskHuman, NeedsHuman),
        (Verifying, Verified, Done),
        (Verifying, Emptied, Set),
        (Verifying, Retreat, RollingBack),
        (Verifying, GiveUp, Failed),
        (Verifying, AskHuman, NeedsHuman),
        (Done, Retreat, RollingBack),
        (Done, GiveUp, Failed),
        (Done, AskHuman, NeedsHuman),
        (Set, Retreat, RollingBack),
        (Set, AskHuman, NeedsHuman),
        (Failed, Retreat, RollingBack),
        (Failed, AskHuman, NeedsHuman),
        (NeedsHuman, Retreat, RollingBack),
        (RollingBack, Restored, RolledBack),
        (RollingBack, AskHuman, NeedsHuman),
    ]
};

impl Phase {
    /// Where a trigger leads, if it leads anywhere.
    pub fn on(self, trigger: Trigger) -> Option<Self> {
        TRANSITIONS.iter().find(|(from, on, _)| (*from, *on) == (self, trigger)).map(|(_, _, to)| *to)
    }

    /// Whether the rollout does nothing more to the group, unless something happens.
    pub fn is_over(self) -> bool {
        self != Self::Pending && !self.is_active()
    }

    /// What happened to a group that has failed, as in "web rolls back".
    pub(crate) fn failed_words(self) -> &'static str {
        match self {
            Self::RollingBack => "rolls back",
            Self::RolledBack => "rolled back",
            Self::NeedsHuman => "needs a human",
            Self::Failed => "failed, and was left as it is",
            Self::Pending
            | Self::Preparing
            | Self::Canary
            | Self::Judging
            | Self::Updating
            | Self::Baking
            | Self::Verifying
            | Self::Done
            | Self::Set
            | Self::Skipped => "goes on",
        }
    }

    /// Whether the group takes one of the places of `groups_at_once`.
    pub fn is_active(self) -> bool {
        match self {
            Self::Preparing
            | Self::Canary
            | Self::Judging
            | Self::Updating
            | Self::Baking
            | Self::Verifying
            | Self::RollingBack => true,
            Self::Pending
            | Self::Done
            | Self::Set
            | Self::Skipped
            | Self::RolledBack
            | Self::Failed
            | Self::NeedsHuman => false,
        }
    }

    /// Whether machines of the new version are being watched.
    pub fn is_watched(self) -> bool {
        match self {
            Self::Canary | Self::Judging | Self::Updating | Self::Baking | Self::Verifying | Self::Done => true,
            Self::Pending
            | Self::Preparing
            | Self::Set
            | Self::Skipped
            | Self::RollingBack
            | Self::RolledBack
            | Self::Failed
            | Self::NeedsHuman => false,
        }
    }
}

/// The table as a Mermaid diagram.
pub fn diagram() -> String {
    let id = |phase: Phase| format!("{phase:?}");
    let mut text = "stateDiagram-v2\n".to_owned();
    for phase in Phase::ALL {
        let _ = writeln!(text, "    state \"{phase}\" as {}", id(*phase));
    }
    text += "    [*] --> Pending\n";
    for (from, trigger, to) in TRANSITIONS {
        let _ = writeln!(text, "    {} --> {}: {trigger}", id(*from), id(*to));
    }
    for phase in Phase::ALL.iter().filter(|phase| !phase.is_active() && **phase != Phase::Pending) {
        let _ = writeln!(text, "    {} --> [*]", id(*phase));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_phase_and_a_trigger_lead_to_one_phase() {
        let pairs: BTreeSet<_> = TRANSITIONS.iter().map(|(from, trigger, _)| (from, trigger)).collect();
        assert_eq!(pairs.len(), TRANSITIONS.len());
        for phase in Phase::ALL {
            for trigger in Trigger::ALL {
                let listed = TRANSITIONS.iter().find(|(from, on, _)| (from, on) == (phase, trigger));
                assert_eq!(phase.on(*trigger), listed.map(|(_, _, to)| *to));
            }
        }
    }

    #[test]
    fn every_phase_can_be_reached_and_left() {
        let mut reached = BTreeSet::from([Phase::Pending]);
        while let Some((_, _, to)) =
            TRANSITIONS.iter().find(|(from, _, to)| reached.contains(from) && !reached.contains(to))
        {
            reached.insert(*to);
        }
        assert_eq!(reached, Phase::ALL.iter().copied().collect());
        for phase in Phase::ALL.iter().filter(|phase| phase.is_active()) {
            assert!(TRANSITIONS.iter().any(|(from, _, _)| from == phase), "{phase} has no way out");
        }
    }
}
