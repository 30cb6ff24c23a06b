//! A quota of the calendar in one process's memory: it is forgotten when the process ends.

use std::num::NonZeroU32;

use jiff::Timestamp;
use sluice_config::plan::Period;

use super::calendar;
use super::table::Table;
use super::verdict::{Standing, Verdict};

/// A quota by key.
#[derive(Debug)]
pub struct LocalQuota {
    count: u64,
    period: Period,
    used: Table<Used>,
}

#[derive(Debug, Default)]
struct Used {
    period: u32,
    count: u64,
}

impl LocalQuota {
    /// So many in each period.
    pub fn new(count: u64, period: Period) -> Self {
        Self {
            count,
            period,
            used: Table::default(),
        }
    }

    /// Counts a request that costs so much.
    pub fn take(&self, key: u64, cost: NonZeroU32, now: Timestamp) -> Verdict {
        let current = calendar::current(self.period, now);
        self.used.with(key, Used::default, |used| {
            if used.period != current.number {
                (used.period, used.count) = (current.number, 0);
            }
            let after = used.count + u64::from(cost.get());
            if after > self.count {
                return Verdict::Refused(current.left);
            }
            used.count = after;
            Verdict::Admitted(Standing {
                remaining: self.count - after,
                reset: Some(current.left),
            })
        })
    }

    /// Takes back what was counted, for a request that another limit refused.
    pub fn give_back(&self, key: u64, cost: NonZeroU32) {
        let cost = u64::from(cost.get());
        self.used
            .seen(key, |used| used.count = used.count.saturating_sub(cost));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_new_period_begins_anew() {
        let quota = LocalQuota::new(3, Period::Day);
        let at = |text: &str| text.parse().unwrap();
        let one = NonZeroU32::MIN;
        let (today, tomorrow) = (at("2026-11-20T12:00:00Z"), at("2026-11-21T00:00:00Z"));
        for left in [2, 1, 0] {
            assert!(matches!(quota.take(1, one, today), Verdict::Admitted(s) if s.remaining == left));
        }
        let Verdict::Refused(wait) = quota.take(1, one, today) else {
            unreachable!("the quota is used up")
        };
        assert_eq!(wait.as_secs(), 12 * 3600);
        assert!(matches!(quota.take(2, one, today), Verdict::Admitted(_)));
        quota.give_back(1, one);
        assert!(matches!(quota.take(1, one, today), Verdict::Admitted(_)));
        assert!(matches!(quota.take(1, one, tomorrow), Verdict::Admitted(s) if s.remaining == 2));
    }
}
