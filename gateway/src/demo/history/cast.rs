//! Who used what of the IntegrationHub example, and how much of it: the stories that the history tells, as a table.
//!
//! - 1.x is nearly gone, but for megacorp, whose exemption says so, and for a script without a name that still asks in 1.0.
//! - 2.x goes down week by week; acme left 2.1 for 3.2 in the eighth week.
//! - 3.3 grows, and 4.0-beta is tried.

use super::calendar::Rhythm;

/// A script that nobody has a name for.
pub(super) const SCRIPT: &str = "203.0.113.0/24 python-requests";

/// A version in somebody's hands.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) version: &'static str,
    pub(super) who: Asker,
    /// The selector that names the version.
    pub(super) chosen_by: &'static str,
    pub(super) rhythm: Rhythm,
    pub(super) habit: Habit,
    /// Days since the beginning, and requests in a mean hour then. In between they change evenly.
    pub(super) course: &'static [(i64, i64)],
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// A consumer of the example.
    Consumer(&'static str),
    /// A client without a credential.
    Unidentified(&'static str),
}

/// Operations, and how many of a thousand requests each of them gets.
pub(super) type Habit = &'static [(&'static str, u64)];

/// Somebody who looks customers up.
const LOOKS: Habit = &[
    ("readCustomer", 740),
    ("listCustomers", 250),
    ("patchCustomer", 10),
];
/// An application in which people work.
const WORKS: Habit = &[
    ("readCustomer", 640),
    ("listCustomers", 190),
    ("patchCustomer", 60),
    ("replaceCustomer", 60),
    ("createCustomer", 40),
    ("deleteCustomer", 10),
];
/// A system that keeps a copy.
const COPIES: Habit = &[
    ("listCustomers", 420),
    ("readCustomer", 340),
    ("replaceCustomer", 190),
    ("createCustomer", 50),
];
/// A script that fetches everything.
const FETCHES: Habit = &[("listCustomers", 880), ("readCustomer", 120)];

const MEGACORP: Asker = Asker::Consumer("megacorp");
const ACME: Asker = Asker::Consumer("acme");
const GLOBEX: Asker = Asker::Consumer("globex");
const INITECH: Asker = Asker::Consumer("initech");

#[rustfmt::skip] // One use a line reads as the table that it is.
pub(super) const USES: &[Use] = &[
    of("1.0", MEGACORP, "path", Rhythm::Nightly, COPIES, &[(0, 84), (90, 70)]),
    of("1.0", Asker::Unidentified(SCRIPT), "path", Rhythm::Steady, FETCHES, &[(0, 44), (90, 36)]),
    of("1.0", GLOBEX, "path", Rhythm::Overseas, LOOKS, &[(0, 70), (34, 0)]),
    of("1.1", MEGACORP, "path", Rhythm::Nightly, COPIES, &[(0, 40), (90, 31)]),
    of("1.1", ACME, "path", Rhythm::Office, LOOKS, &[(0, 130), (30, 90), (58, 0)]),
    of("1.2", MEGACORP, "path", Rhythm::Office, WORKS, &[(0, 58), (90, 46)]),
    of("1.2", GLOBEX, "path", Rhythm::Overseas, WORKS, &[(0, 240), (50, 60), (72, 3), (90, 1)]),
    of("2.0", MEGACORP, "pin", Rhythm::Office, WORKS, &[(0, 420), (90, 330)]),
    of("2.0", MEGACORP, "path", Rhythm::Nightly, COPIES, &[(0, 260), (90, 170)]),
    of("2.0", GLOBEX, "path", Rhythm::Overseas, LOOKS, &[(0, 300), (90, 90)]),
    of("2.1", ACME, "path", Rhythm::Office, WORKS, &[(0, 1250), (49, 1120), (56, 90), (90, 25)]),
    of("2.1", MEGACORP, "header", Rhythm::Office, LOOKS, &[(0, 150), (90, 100)]),
    of("2.1-megacorp", MEGACORP, "path", Rhythm::Office, WORKS, &[(0, 390), (90, 360)]),
    of("2.2", GLOBEX, "path", Rhythm::Overseas, WORKS, &[(0, 430), (90, 150)]),
    of("2.2", MEGACORP, "path", Rhythm::Nightly, FETCHES, &[(0, 60), (90, 44)]),
    of("2.3", ACME, "pin", Rhythm::Office, LOOKS, &[(0, 700), (90, 290)]),
    of("2.3", GLOBEX, "media type", Rhythm::Overseas, LOOKS, &[(0, 260), (90, 110)]),
    of("3.0", GLOBEX, "pin", Rhythm::Overseas, WORKS, &[(0, 760), (90, 820)]),
    of("3.0", MEGACORP, "path", Rhythm::Office, LOOKS, &[(0, 120), (90, 210)]),
    of("3.0-hotfix", MEGACORP, "path", Rhythm::Office, WORKS, &[(0, 140), (90, 120)]),
    of("3.1", INITECH, "media type", Rhythm::Office, LOOKS, &[(0, 430), (90, 240)]),
    of("3.1", GLOBEX, "query", Rhythm::Overseas, LOOKS, &[(0, 150), (90, 190)]),
    of("3.2", INITECH, "header", Rhythm::Office, WORKS, &[(0, 520), (90, 460)]),
    of("3.2", ACME, "path", Rhythm::Office, WORKS, &[(0, 4), (49, 30), (56, 1150), (90, 1330)]),
    of("3.3", INITECH, "pin", Rhythm::Office, WORKS, &[(0, 820), (90, 2100)]),
    of("3.3", GLOBEX, "header", Rhythm::Overseas, WORKS, &[(0, 180), (90, 960)]),
    of("3.3", ACME, "path", Rhythm::Office, LOOKS, &[(0, 0), (58, 20), (90, 420)]),
    of("4.0-beta", INITECH, "path", Rhythm::Office, WORKS, &[(0, 2), (90, 16)]),
    of("4.0-beta", GLOBEX, "path", Rhythm::Overseas, LOOKS, &[(0, 0), (40, 0), (90, 6)]),
];

const fn of(
    version: &'static str,
    who: Asker,
    chosen_by: &'static str,
    rhythm: Rhythm,
    habit: Habit,
    course: &'static [(i64, i64)],
) -> Use {
    Use {
        version,
        who,
        chosen_by,
        rhythm,
        habit,
        course,
    }
}

impl Asker {
    /// The consumer's name.
    pub(super) fn consumer(self) -> Option<&'static str> {
        match self {
            Self::Consumer(name) => Some(name),
            Self::Unidentified(_) => None,
        }
    }
}

impl Use {
    /// Requests in a mean hour, so many hundredths of a day after the beginning.
    pub(super) fn per_hour(&self, elapsed: i64) -> u64 {
        let at = |day: &(i64, i64)| day.0 * 100;
        let after = self.course.iter().position(|day| at(day) > elapsed);
        let rate = match after {
            Some(0) => self.course[0].1,
            Some(index) => {
                let (before, after) = (&self.course[index - 1], &self.course[index]);
                before.1 + (after.1 - before.1) * (elapsed - at(before)) / (at(after) - at(before))
            }
            None => self.course.last().map_or(0, |day| day.1),
        };
        rate.max(0).unsigned_abs()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sluice_config::plan::Selector;

    use super::super::tests::plan;
    use super::*;

    fn name(selector: &Selector) -> &'static str {
        match selector {
            Selector::Path => "path",
            Selector::Header(_) => "header",
            Selector::MediaType { .. } => "media type",
            Selector::Query(_) => "query",
            Selector::Pin => "pin",
        }
    }

    #[test]
    fn rates_change_evenly_between_days() {
        let acme = USES
            .iter()
            .find(|one| one.version == "2.1" && one.who == ACME)
            .unwrap();
        assert_eq!(acme.per_hour(0), 1_250);
        assert_eq!(acme.per_hour(5_250), 605);
        assert_eq!(acme.per_hour(9_000), 25);
        assert_eq!(acme.per_hour(20_000), 25);
        assert!(
            USES.iter()
                .all(|one| one.course.windows(2).all(|pair| pair[0].0 < pair[1].0))
        );
        assert!(
            USES.iter()
                .all(|one| one.habit.iter().map(|(_, weight)| weight).sum::<u64>() == 1_000)
        );
    }

    /// Whoever asks could ask: the version takes its credential, is open to it, and can be named so.
    #[test]
    fn the_example_lets_everybody_in() {
        let plan = plan();
        let api = &plan.apis[0];
        for one in USES {
            let version = api.version(one.version).unwrap();
            let by = api
                .select
                .iter()
                .find(|way| name(&way.selector) == one.chosen_by)
                .unwrap();
            assert!(by.covers(version), "{one:?}");
            let Some(name) = one.who.consumer() else { continue };
            let consumer = plan.consumers.get(plan.consumers.named(name).unwrap()).unwrap();
            let open = consumer
                .versions
                .get(&api.name)
                .is_none_or(|versions| versions.contains(version));
            let audience = api.authentication.audience(version);
            assert!(
                open && audience
                    .is_none_or(|them| them.consumers.contains(&plan.consumers.named(name).unwrap())),
                "{one:?}"
            );
            let (_, entry) = api.authentication.of(version).unwrap();
            let bearer = entry.schemes.iter().any(|scheme| scheme.is_bearer());
            assert!(
                if bearer {
                    !consumer.subjects.is_empty()
                } else {
                    !consumer.keys.is_empty()
                },
                "{one:?}"
            );
            if one.chosen_by == "pin" {
                assert_eq!(consumer.pins.get(&api.name), Some(&version), "{one:?}");
            }
        }
        let used = |version: &str| USES.iter().any(|one| one.version == version);
        assert!(
            api.versions.iter().all(|version| used(&version.name)),
            "a version that nobody uses"
        );
    }
}
