//! Gateways around a store that is played here: generated arrivals, outages and losses, in a time that is made up.

use proptest::prelude::*;

use super::*;

/// The script `lease.lua`, played.
struct Played {
    full_at: Instant,
    is_up: bool,
}

impl Played {
    fn ask(&mut self, ask: &Ask, now: Instant, terms: &Terms) -> Option<Granted> {
        if !self.is_up {
            return None;
        }
        let full = terms.interval * terms.burst;
        let ahead = self
            .full_at
            .saturating_duration_since(now)
            .max(ask.ahead.min(full));
        let room = (full.saturating_sub(ahead).as_nanos() / terms.interval.as_nanos()) as u32;
        let tokens = if ask.want.min(room) < ask.least {
            0
        } else {
            ask.want.min(room)
        };
        let wait = (ahead + terms.interval * ask.least).saturating_sub(full);
        let ahead = ahead + terms.interval * tokens;
        self.full_at = now + ahead;
        let room = room - tokens;
        Some(Granted {
            tokens,
            wait,
            room,
            ahead,
        })
    }
}

/// A store, and gateways that lease from it.
struct Fleet {
    store: Played,
    leases: Vec<Lease>,
    terms: Terms,
    begun: Instant,
    admitted: u32,
}

impl Fleet {
    fn new(nodes: u32, a_second: u32, burst: u32, exact: bool) -> Self {
        let begun = Instant::now();
        Self {
            store: Played {
                full_at: begun,
                is_up: true,
            },
            leases: (0..nodes).map(|_| Lease::new(begun)).collect(),
            terms: Terms {
                interval: Duration::from_secs(1) / a_second,
                burst,
                nodes,
                exact,
            },
            begun,
            admitted: 0,
        }
    }

    /// A request at a gateway, so long after the beginning. What is fetched is here at once.
    fn request(&mut self, node: usize, at: Duration, cost: u32) -> Verdict {
        let (now, terms) = (self.begun + at, self.terms);
        let node = node % self.leases.len();
        self.leases[node].arrive(cost, now);
        let verdict = loop {
            let lease = &mut self.leases[node];
            match lease.take(cost, now, &terms) {
                Step::Decided(verdict, more) => {
                    if let Some(ask) = more {
                        self.fetch(node, &ask, now);
                    }
                    break verdict;
                }
                Step::Ask(ask) => match self.store.ask(&ask, now, &terms) {
                    Some(granted) => break lease.granted_alone(granted, &ask, now, &terms),
                    None => break lease.alone(cost, now, &terms),
                },
                Step::Fetch(ask) => {
                    if !self.fetch(node, &ask, now) {
                        break self.leases[node].alone(cost, now, &terms);
                    }
                }
                Step::Wait => unreachable!("nothing is on its way"),
            }
        };
        self.admitted += if matches!(verdict, Verdict::Admitted(_)) {
            cost
        } else {
            0
        };
        verdict
    }

    fn fetch(&mut self, node: usize, ask: &Ask, now: Instant) -> bool {
        let answer = self.store.ask(ask, now, &self.terms);
        match answer {
            Some(granted) => self.leases[node].granted(granted, ask, now),
            None => self.leases[node].fault(),
        }
        answer.is_some()
    }

    /// Each gateway asks every millisecond, another one first each time.
    fn flood(&mut self, from: u64, to: u64) -> u32 {
        let before = self.admitted;
        for at in from..to {
            let first = (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60) as usize;
            for node in 0..self.leases.len() {
                self.request(first + node, Duration::from_millis(at), 1);
            }
        }
        self.admitted - before
    }
}

proptest! {
    #[test]
    fn never_more_than_the_burst_and_the_rate(
        nodes in 1_u32..6,
        a_second in 1_u32..2_000,
        burst in 1_u32..500,
        exact: bool,
        requests in prop::collection::vec((0_usize..6, 0_u64..40_000, 1_u32..4), 1..600),
    ) {
        let mut fleet = Fleet::new(nodes, a_second, burst, exact);
        let mut at = Duration::ZERO;
        for (node, micros, cost) in requests {
            at += Duration::from_micros(micros);
            fleet.request(node, at, cost.min(burst));
            let bound = f64::from(burst) + f64::from(a_second) * at.as_secs_f64() + 0.001;
            prop_assert!(f64::from(fleet.admitted) <= bound, "{} > {bound}", fleet.admitted);
        }
    }

    #[test]
    fn an_outage_gives_no_more_than_every_gateway_its_share(
        nodes in 1_u32..6,
        burst in 10_u32..500,
        lost: bool,
        before in prop::collection::vec((0_usize..6, 0_u64..20_000), 1..300),
        during in prop::collection::vec((0_usize..6, 0_u64..20_000), 1..300),
        after in prop::collection::vec((0_usize..6, 0_u64..20_000), 1..300),
    ) {
        let a_second = 100;
        let mut fleet = Fleet::new(nodes, a_second, burst, false);
        let mut at = Duration::ZERO;
        for (phase, requests) in [before, during, after].into_iter().enumerate() {
            fleet.store.is_up = phase != 1;
            if phase == 1 && lost {
                fleet.store.full_at = fleet.begun;
            }
            for (node, micros) in requests {
                at += Duration::from_micros(micros);
                fleet.request(node, at, 1);
            }
        }
        // Shares that are warm while the fleet's bucket is empty: one burst; the part of a token by which each may be ahead.
        let bound = f64::from(2 * burst + nodes) + f64::from(a_second) * at.as_secs_f64();
        prop_assert!(f64::from(fleet.admitted) <= bound, "{} > {bound}", fleet.admitted);
    }
}

#[test]
fn a_flood_gets_nearly_all_of_it() {
    for (nodes, a_second, burst) in [(4, 200, 100), (4, 1000, 20), (1, 50, 50), (3, 7, 1)] {
        let mut fleet = Fleet::new(nodes, a_second, burst, false);
        let admitted = f64::from(fleet.flood(0, 5_000));
        let bound = f64::from(burst) + f64::from(a_second) * 5.0;
        assert!(
            admitted <= bound && admitted >= 0.9 * bound,
            "{admitted} of {bound}"
        );
    }
}

#[test]
fn an_outage_neither_resets_nor_doubles_a_limit() {
    for lost in [false, true] {
        let mut fleet = Fleet::new(4, 100, 400, false);
        fleet.flood(0, 2_000);
        fleet.store.is_up = false;
        let during = fleet.flood(2_000, 12_000);
        assert!(
            (950..=1_050).contains(&during),
            "ten seconds at the rate: {during}"
        );
        (fleet.store.is_up, fleet.store.full_at) =
            (true, if lost { fleet.begun } else { fleet.store.full_at });
        let after = fleet.flood(12_000, 14_000);
        assert!((150..=250).contains(&after), "two seconds at the rate: {after}");
    }
}

#[test]
fn a_quiet_client_wastes_nothing() {
    let mut fleet = Fleet::new(4, 1, 10, false);
    for second in 0..60 {
        let verdict = fleet.request(second, Duration::from_secs(second as u64), 1);
        assert!(
            matches!(verdict, Verdict::Admitted(s) if s.remaining >= 9),
            "{second}: {verdict:?}"
        );
    }
}

#[test]
fn after_a_refusal_nobody_asks_until_the_wait_is_over() {
    let mut fleet = Fleet::new(1, 10, 5, false);
    for _ in 0..5 {
        fleet.request(0, Duration::ZERO, 1);
    }
    let Verdict::Refused(wait) = fleet.request(0, Duration::ZERO, 1) else {
        unreachable!("the burst is used up")
    };
    assert_eq!(wait, Duration::from_millis(100));
    let (now, terms) = (fleet.begun + wait, fleet.terms);
    let lease = &mut fleet.leases[0];
    let early = lease.take(1, now - Duration::from_millis(40), &terms);
    assert_eq!(
        early,
        Step::Decided(Verdict::Refused(Duration::from_millis(40)), None)
    );
    assert!(matches!(lease.take(1, now, &terms), Step::Ask(_)));
}

#[test]
fn tokens_that_are_not_spent_in_a_second_are_gone() {
    let mut fleet = Fleet::new(1, 1_000, 1_000, false);
    fleet.flood(0, 300);
    let (now, terms) = (fleet.begun + Duration::from_millis(300), fleet.terms);
    let lease = &mut fleet.leases[0];
    assert!(lease.tokens > 0);
    assert!(matches!(
        lease.take(1, now, &terms),
        Step::Decided(Verdict::Admitted(_), _)
    ));
    assert!(!matches!(
        lease.take(1, now + 2 * KEPT, &terms),
        Step::Decided(..)
    ));
}
