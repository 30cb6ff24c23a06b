//! The last minutes of this process: requests a second, failures, and what the gateway adds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::series::Series;
use super::took::Part;

/// How far back is looked.
const WINDOW: Duration = Duration::from_secs(300);
/// How many readings are kept: one a second at most.
const READINGS: usize = 400;

/// Readings of the series over the last minutes.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Reading>);

/// What the series said at one moment.
#[derive(Clone, Debug, PartialEq)]
struct Reading {
    at: Instant,
    exchanges: u64,
    failures: [u64; 3],
    added: Vec<u64>,
}

/// The last minutes in figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pace {
    /// How many seconds this is about; 0 before the first reading.
    pub seconds: f64,
    /// Requests.
    pub exchanges: u64,
    /// Answers with 5xx, by number of [`super::source::Source`].
    pub failures: [u64; 3],
    /// What the gateway and translation added, in seconds, to the fastest half, and to all but the slowest hundredth.
    pub added: Option<(f64, f64)>,
}

impl Recent {
    /// Takes a reading.
    pub(super) fn read(&mut self, series: &Series, at: Instant) {
        let is_close = |last: &Reading| at.saturating_duration_since(last.at) < Duration::from_millis(900);
        if self.0.len() > 1 && self.0.back().is_some_and(is_close) {
            self.0.pop_back();
        }
        self.0.push_back(Reading::of(series, at));
        // One before the window stays, so that the window is whole.
        let is_old = |reading: &Reading| at.saturating_duration_since(reading.at) >= WINDOW;
        while self.0.len() > READINGS || self.0.get(1).is_some_and(is_old) {
            self.0.pop_front();
        }
    }

    /// The last minutes.
    pub(super) fn pace(&self) -> Pace {
        let (Some(first), Some(last)) = (self.0.front(), self.0.back()) else {
            return Pace::default();
        };
        let less = |at: usize| {
            last.added.get(at).copied().unwrap_or_default() - first.added.get(at).copied().unwrap_or_default()
        };
        let added: Vec<u64> = (0..last.added.len()).map(less).collect();
        Pace {
            seconds: last.at.saturating_duration_since(first.at).as_secs_f64(),
            exchanges: last.exchanges - first.exchanges,
            failures: std::array::from_fn(|at| last.failures[at] - first.failures[at]),
            added: quantile(&added, 0.5).zip(quantile(&added, 0.99)),
        }
    }
}

impl Reading {
    fn of(series: &Series, at: Instant) -> Self {
        let mut reading = Self {
            at,
            exchanges: series.exchanges(None),
            failures: [0; 3],
            added: vec![0; Part::Added.bounds().len() + 1],
        };
        for operation in series.operations.values() {
            for (sum, failures) in reading.failures.iter_mut().zip(operation.failures) {
                *sum += failures;
            }
            for histogram in &operation.times[Part::Added as usize] {
                for (sum, count) in reading.added.iter_mut().zip(&histogram.buckets) {
                    *sum += count;
                }
            }
        }
        reading
    }
}

/// The value in seconds below which this share of the counted lie, straight within its bucket; of the last bucket its lower
/// bound. None of none.
fn quantile(counts: &[u64], share: f64) -> Option<f64> {
    let all: u64 = counts.iter().sum();
    let wanted = share * all as f64;
    let mut before = 0.0;
    for (bucket, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let count = *count as f64;
        if before + count >= wanted {
            let bounds = Part::Added.bounds();
            let seconds = |at: usize| bounds.get(at).map(|nanos| *nanos as f64 / 1e9);
            let low = bucket.checked_sub(1).and_then(seconds).unwrap_or_default();
            let high = seconds(bucket).unwrap_or(low);
            return Some(low + (high - low) * (wanted - before) / count);
        }
        before += count;
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_within_their_bucket() {
        let mut counts = [0; 16];
        assert_eq!(quantile(&counts, 0.5), None);
        counts[1] = 100;
        assert!((quantile(&counts, 0.5).unwrap() - 0.000_017_5).abs() < 1e-12);
        counts[15] = 100;
        assert_eq!(quantile(&counts, 0.99), Some(1.0));
    }

    #[test]
    fn the_window_moves_and_is_bounded() {
        let mut recent = Recent::default();
        let begin = Instant::now();
        let series = Series::default();
        for second in 0..2_000 {
            recent.read(&series, begin + Duration::from_secs(second));
        }
        assert!((recent.pace().seconds - 300.0).abs() < 1.5, "{:?}", recent.pace());
        assert!(recent.0.len() < 310);
    }
}
