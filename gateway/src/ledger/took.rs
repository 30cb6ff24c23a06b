//! How long exchanges took, by part, in buckets.

use std::time::Duration;

use super::fact::Kind;

/// Upper bounds of what the gateway adds, in nanoseconds: 10 µs to 1 s.
const FINE: [u64; 15] = [
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    1_000_000_000,
];

/// Upper bounds of whole requests and of what upstreams take, in nanoseconds: those that OpenTelemetry's semantic conventions advise
/// for `http.server.request.duration` and `http.client.request.duration`, and none twice.
const COARSE: [u64; 14] = [
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    75_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    750_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    7_500_000_000,
    10_000_000_000,
];

/// The parts of an exchange's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Until the head of the answer stood.
    Whole,
    /// What the gateway did itself; waiting for the client's body is no part of it.
    Gateway,
    /// What translation took.
    Transformation,
    /// What the upstream took, all tries together.
    Upstream,
    /// What the gateway and translation took together: what a client waits longer for than without a gateway.
    Added,
}

impl Part {
    /// Every part, by number.
    pub const ALL: [Self; 5] = [
        Self::Whole,
        Self::Gateway,
        Self::Transformation,
        Self::Upstream,
        Self::Added,
    ];

    /// The upper bounds of its buckets but the last, in nanoseconds.
    pub fn bounds(self) -> &'static [u64] {
        match self {
            Self::Whole | Self::Upstream => &COARSE,
            Self::Gateway | Self::Transformation | Self::Added => &FINE,
        }
    }

    /// What its counts are in a store. Sums of others are in none.
    pub fn kind(self) -> Option<Kind> {
        match self {
            Self::Whole | Self::Added => None,
            Self::Gateway => Some(Kind::TookGateway),
            Self::Transformation => Some(Kind::TookTransformation),
            Self::Upstream => Some(Kind::TookUpstream),
        }
    }

    /// The upper bound of a bucket in seconds, as text.
    pub fn label(self, bucket: usize) -> String {
        match self.bounds().get(bucket) {
            Some(nanos) => Duration::from_nanos(*nanos).as_secs_f64().to_string(),
            None => "+Inf".to_owned(),
        }
    }

    fn bucket(self, nanos: u64) -> usize {
        let bounds = self.bounds();
        bounds
            .iter()
            .position(|bound| nanos <= *bound)
            .unwrap_or(bounds.len())
    }
}

/// The parts of one exchange's time; none where it did not come that far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// By number of [`Part`].
    pub parts: [Option<Duration>; 5],
}

impl Times {
    /// How long a part took.
    pub fn part(&self, part: Part) -> Option<Duration> {
        self.parts[part as usize]
    }

    /// What is left of `whole` without the time of others is the gateway's own.
    pub fn of(
        whole: Duration,
        client: Duration,
        transformation: Option<Duration>,
        upstream: Option<Duration>,
    ) -> Self {
        let added = whole.saturating_sub(client + upstream.unwrap_or_default());
        let own = added.saturating_sub(transformation.unwrap_or_default());
        Self {
            parts: [Some(whole), Some(own), transformation, upstream, Some(added)],
        }
    }
}

/// How many buckets a part has at most.
const BUCKETS: usize = FINE.len() + 1;

/// How long the exchanges of one operation took: by part, class of status, and bucket.
#[derive(Clone, Debug)]
pub struct Took {
    counts: [[[u32; BUCKETS]; 5]; 5],
    nanos: [[u64; 5]; 5],
}

impl Default for Took {
    fn default() -> Self {
        Self {
            counts: [[[0; BUCKETS]; 5]; 5],
            nanos: [[0; 5]; 5],
        }
    }
}

impl Took {
    /// Counts an exchange.
    pub fn count(&mut self, class: usize, times: &Times) {
        for (part, time) in Part::ALL.into_iter().zip(times.parts) {
            let Some(time) = time else { continue };
            let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            let count = &mut self.counts[part as usize][class][part.bucket(nanos)];
            *count = count.saturating_add(1);
            let sum = &mut self.nanos[part as usize][class];
            *sum = sum.saturating_add(nanos);
        }
    }

    /// The counts of a part, by bucket, of one class of status.
    pub fn counts(&self, part: Part, class: usize) -> &[u32] {
        &self.counts[part as usize][class][..=part.bounds().len()]
    }

    /// The sum of a part's times, in nanoseconds.
    pub fn nanos(&self, part: Part, class: usize) -> u64 {
        self.nanos[part as usize][class]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_belong_to_their_bucket_and_have_short_names() {
        assert_eq!(
            (Part::Gateway.bucket(10_000), Part::Gateway.bucket(10_001)),
            (0, 1)
        );
        assert_eq!(Part::Upstream.bucket(u64::MAX), COARSE.len());
        let labels: Vec<String> = (0..=COARSE.len()).map(|at| Part::Upstream.label(at)).collect();
        assert_eq!(labels[..3], ["0.005", "0.01", "0.025"]);
        assert_eq!(labels.last().map(String::as_str), Some("+Inf"));
        assert_eq!(Part::Gateway.label(0), "0.00001");
        assert_eq!(Part::Gateway.label(14), "1");
        for part in Part::ALL {
            assert!(part.bounds().windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn what_others_take_is_not_the_gateways() {
        let ms = Duration::from_millis;
        let times = Times::of(ms(100), ms(20), Some(ms(5)), Some(ms(70)));
        assert_eq!((times.parts[1], times.parts[4]), (Some(ms(5)), Some(ms(10))));
        // Clocks that are read apart may make the parts longer than the whole.
        assert_eq!(Times::of(ms(10), ms(0), None, Some(ms(11))).parts[1], Some(ms(0)));
    }
}
