//! A time axis for people: time in which nothing happens is squeezed.

use jiff::{SignedDuration, Timestamp};

/// What is longer than this without anything happening is squeezed to it.
const QUIET: SignedDuration = SignedDuration::from_mins(15);

/// Maps times to percent of a width.
#[derive(Debug)]
pub(crate) struct Axis {
    /// Times with their places on the axis, in seconds; sorted.
    stops: Vec<(Timestamp, i64)>,
}

impl Axis {
    /// An axis on which these times are interesting.
    pub(crate) fn new(mut times: Vec<Timestamp>) -> Self {
        times.sort_unstable();
        times.dedup();
        let mut stops: Vec<(Timestamp, i64)> = Vec::new();
        for time in times {
            let place = match stops.last() {
                None => 0,
                Some((last, place)) => place + time.duration_since(*last).min(QUIET).as_secs().max(1),
            };
            stops.push((time, place));
        }
        Self { stops }
    }

    /// The place of a time, in thousandths of the width.
    pub(crate) fn place(&self, at: Timestamp) -> u32 {
        let end = self.stops.last().map_or(1, |(_, place)| (*place).max(1));
        let index = self.stops.partition_point(|(time, _)| *time < at);
        let place = self.stops.get(index).or(self.stops.last()).map_or(0, |(_, place)| *place);
        u32::try_from(place * 1_000 / end).unwrap_or(1_000)
    }

    /// Where time was squeezed: the places, with how long that was.
    pub(crate) fn gaps(&self) -> Vec<(u32, SignedDuration)> {
        let gaps = self.stops.windows(2).filter_map(|pair| {
            let gap = pair[1].0.duration_since(pair[0].0);
            (gap > QUIET).then(|| (self.place(pair[0].0), gap))
        });
        gaps.collect()
    }
}
