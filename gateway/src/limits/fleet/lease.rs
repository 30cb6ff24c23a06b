//! What one gateway holds of a bucket that the fleet shares: pure in the time.
//!
//! Tokens were debited in the store when they were granted, so that none is spent twice. Beside them it is kept how full the
//! fleet's bucket is: this gateway's share of it is as full, and holds when the store cannot be asked.

use std::time::{Duration, Instant};

use crate::limits::verdict::{Standing, Verdict};

/// How long granted tokens may be spent.
const KEPT: Duration = Duration::from_secs(1);
/// How much is fetched at once: what this gateway spends in this time.
const WINDOW: Duration = Duration::from_millis(100);

/// The bucket's terms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// How long one token takes to come back.
    pub(super) interval: Duration,
    /// How many tokens there are at most.
    pub(super) burst: u32,
    /// How many gateways share it.
    pub(super) nodes: u32,
    /// Whether each request asks for itself.
    pub(super) exact: bool,
}

/// What one gateway holds.
#[derive(Debug)]
pub(super) struct Lease {
    tokens: u32,
    spendable_until: Instant,
    granted: u32,
    /// What was left in the store after the last answer.
    room: u32,
    /// No more than this is asked for until then.
    refused: Option<(u32, Instant)>,
    fetching: bool,
    arrivals: Arrivals,
    /// When the fleet's bucket is whole again: as was last known, and as if every gateway had spent as much without asking
    /// as this one did. A share of it is whole at the same time.
    ahead: Instant,
    /// How often the store could not be asked.
    pub(super) faults: u64,
}

/// What comes next for a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// It is decided. With a fetch, tokens run low.
    Decided(Verdict, Option<Ask>),
    /// The store is asked for this request alone.
    Ask(Ask),
    /// The store is asked for this request and others.
    Fetch(Ask),
    /// The store is being asked.
    Wait,
}

/// What the store is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ask {
    /// Tokens that would be of use.
    pub(super) want: u32,
    /// The least that is of use.
    pub(super) least: u32,
    /// How far the bucket is known to be ahead, at least.
    pub(super) ahead: Duration,
}

/// What the store answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Granted {
    pub(super) tokens: u32,
    pub(super) wait: Duration,
    pub(super) room: u32,
    pub(super) ahead: Duration,
}

impl Lease {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            tokens: 0,
            spendable_until: now,
            granted: 0,
            room: 0,
            refused: None,
            fetching: false,
            arrivals: Arrivals::new(now),
            ahead: now,
            faults: 0,
        }
    }

    /// Notes that a request came; once for each.
    pub(super) fn arrive(&mut self, cost: u32, now: Instant) {
        self.arrivals.count(cost, now);
    }

    /// Takes tokens for a request, or says what comes first.
    pub(super) fn take(&mut self, cost: u32, now: Instant, terms: &Terms) -> Step {
        if now >= self.spendable_until {
            self.tokens = 0;
        }
        if self.tokens >= cost {
            self.tokens -= cost;
            return Step::Decided(self.admitted(terms), self.more(now, terms));
        }
        if let Some((least, until)) = self.refused
            && cost >= least
            && now < until
        {
            return Step::Decided(Verdict::Refused(until - now), None);
        }
        let want = self.want(cost, now, terms);
        if want == cost {
            return Step::Ask(self.ask(cost, cost, now));
        }
        if self.fetching {
            return Step::Wait;
        }
        self.fetching = true;
        Step::Fetch(self.ask(want, cost - self.tokens, now))
    }

    /// The next lease, when 30 % of the last is left.
    fn more(&mut self, now: Instant, terms: &Terms) -> Option<Ask> {
        let low = u64::from(self.tokens) * 10 <= u64::from(self.granted) * 3;
        let waits = self.refused.is_some_and(|(_, until)| now < until);
        if !low || self.fetching || waits || terms.exact {
            return None;
        }
        let want = self.want(1, now, terms);
        self.fetching = want > 1;
        self.fetching.then(|| self.ask(want, 1, now))
    }

    /// What this gateway spends in a while, and no more than a part of its share: what it does not spend is lost to others.
    fn want(&mut self, cost: u32, now: Instant, terms: &Terms) -> u32 {
        let most = terms.burst / terms.nodes.saturating_mul(4).max(1);
        let spends = if terms.exact {
            0
        } else {
            self.arrivals.in_window(now)
        };
        spends.min(most).max(cost)
    }

    fn ask(&self, want: u32, least: u32, now: Instant) -> Ask {
        Ask {
            want,
            least,
            ahead: self.ahead.saturating_duration_since(now),
        }
    }

    /// Puts what the store granted beside what is left.
    pub(super) fn granted(&mut self, granted: Granted, ask: &Ask, now: Instant) {
        self.fetching = false;
        self.answered(granted, ask, now);
        if granted.tokens > 0 {
            self.tokens = self.tokens.saturating_add(granted.tokens);
            self.granted = granted.tokens;
            self.spendable_until = now + KEPT;
        }
    }

    /// Spends what the store granted to one request.
    pub(super) fn granted_alone(
        &mut self,
        granted: Granted,
        ask: &Ask,
        now: Instant,
        terms: &Terms,
    ) -> Verdict {
        self.answered(granted, ask, now);
        if granted.tokens < ask.least {
            return Verdict::Refused(granted.wait);
        }
        self.admitted(terms)
    }

    fn answered(&mut self, granted: Granted, ask: &Ask, now: Instant) {
        self.room = granted.room;
        self.ahead = now + granted.ahead;
        self.refused = (granted.tokens < ask.least).then(|| (ask.least, now + granted.wait));
    }

    /// The store could not be asked for a lease.
    pub(super) fn fault(&mut self) {
        self.fetching = false;
        self.faults += 1;
    }

    /// Judges a request by this gateway's own share, which is as full as the fleet's bucket was last known to be.
    pub(super) fn alone(&mut self, cost: u32, now: Instant, terms: &Terms) -> Verdict {
        let (interval, full) = terms.share(cost);
        let ahead = self.ahead.saturating_duration_since(now) + interval * cost;
        if ahead > full {
            return Verdict::Refused(ahead - full);
        }
        // Told when the store is back. Every gateway tells the same where they spend alike, and the highest counts.
        self.ahead = now + ahead;
        let left = (full - ahead).as_nanos() / interval.as_nanos().max(1);
        Verdict::Admitted(Standing {
            remaining: u64::try_from(left).unwrap_or(u64::MAX),
            reset: Some(ahead),
        })
    }

    /// Takes back what was counted, for a request that another limit refused: the next one may spend it.
    pub(super) fn give_back(&mut self, cost: u32, now: Instant) {
        let left = if now < self.spendable_until {
            self.tokens
        } else {
            0
        };
        self.tokens = left.saturating_add(cost);
        self.spendable_until = self.spendable_until.max(now + KEPT);
    }

    fn admitted(&self, terms: &Terms) -> Verdict {
        let remaining = self.tokens.saturating_add(self.room).min(terms.burst);
        Verdict::Admitted(Standing {
            remaining: u64::from(remaining),
            reset: Some(terms.interval * (terms.burst - remaining)),
        })
    }
}

impl Terms {
    /// A share of the bucket: how long a token takes to come back, and how long all of them. What a request costs fits.
    fn share(&self, cost: u32) -> (Duration, Duration) {
        let interval = self.interval * self.nodes;
        (interval, interval * (self.burst / self.nodes).max(cost).max(1))
    }
}

/// How much came lately.
#[derive(Debug)]
struct Arrivals {
    since: Instant,
    now: u32,
    before: u32,
}

impl Arrivals {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            now: 0,
            before: 0,
        }
    }

    fn count(&mut self, cost: u32, now: Instant) {
        self.turn(now);
        self.now = self.now.saturating_add(cost);
    }

    fn in_window(&mut self, now: Instant) -> u32 {
        self.turn(now);
        self.now.max(self.before)
    }

    fn turn(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        if passed >= WINDOW {
            self.before = if passed < 2 * WINDOW { self.now } else { 0 };
            (self.since, self.now) = (now, 0);
        }
    }
}

#[cfg(test)]
mod tests;
