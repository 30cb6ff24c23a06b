//! What went wrong in the history, and what always goes wrong a little.

use jiff::Timestamp;
use sluice_config::plan::{ApiPlan, ConsumerId, VersionId};

use super::calendar::{Calendar, Slot};
use super::cast::{Asker, SCRIPT, Use};
use crate::lifecycle::{self, State};
use crate::refusal::Kind;

/// Clients of acme that have the key that was taken out of use, and so no name.
const OLD_KEYS: &str = "198.51.100.0/24 okhttp";
/// Somebody who tries what is another's.
const CURIOUS: &str = "192.0.2.0/24 Go-http-client";

const HOUR: i64 = 3_600;
const MINUTE: i64 = 60;

/// Something that goes wrong for some requests.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Its first second.
    from: i64,
    /// The first second after it.
    to: i64,
    /// In which versions; in all if there are none.
    versions: &'static [&'static str],
    /// For whom; for everybody if there is nobody.
    who: Option<Asker>,
    /// In which operations; in all if there are none.
    operations: &'static [&'static str],
    /// How many of a million requests.
    in_a_million: u64,
    /// What they are told.
    pub(super) kind: Kind,
    /// The change that could not carry a document, as `OLD..NEW`, and where.
    pub(super) at: Option<(&'static str, &'static str)>,
}

/// Requests that are refused before it is known which operation is meant.
#[derive(Debug)]
pub(super) struct Knock {
    pub(super) version: &'static str,
    pub(super) who: &'static str,
    pub(super) kind: Kind,
    from: i64,
    to: i64,
    per_hour: i64,
}

/// When what happened: from a second on, and until another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    /// The backend was gone.
    outage: (i64, i64),
    /// One consumer did without a member.
    pub(super) trial: (i64, i64),
    /// A change was rolled out that was at fault.
    pub(super) mapping: (i64, i64),
    /// One consumer asked much more than it should.
    pub(super) surge: (i64, i64),
    /// Some clients still had the key that was out of use.
    pub(super) rotated: (i64, i64),
    /// From when on 1.0 takes nobody without a key.
    pub(super) closed: i64,
}

impl Moments {
    pub(super) fn of(calendar: Calendar) -> Self {
        let end = calendar.end;
        Self {
            outage: (calendar.ago(12, 10, 20), calendar.ago(12, 11, 0)),
            trial: (calendar.ago(21, 8, 0), calendar.ago(14, 8, 0)),
            mapping: (calendar.ago(5, 13, 0), calendar.ago(5, 15, 0)),
            surge: (end - 15 * HOUR, end - 14 * HOUR - 25 * MINUTE),
            rotated: (end - 9 * HOUR, end - 5 * HOUR),
            closed: end - 20 * HOUR,
        }
    }
}

/// Everything that went wrong.
#[derive(Debug)]
pub(super) struct Troubles {
    pub(super) moments: Moments,
    all: Vec<Trouble>,
    pub(super) knocks: Vec<Knock>,
}

const FIRST: &[&str] = &["1.0", "1.1", "1.2"];
const WITH_TEXTS: &[&str] = &["1.0", "1.1", "1.2", "2.0"];
const WITH_NAMES: &[&str] = &["1.0", "1.1", "1.2", "2.0", "2.1", "2.1-megacorp", "2.2", "2.3"];
const WITH_ADDRESSES: &[&str] = &["2.1", "2.2", "2.3"];
const WRITES: &[&str] = &["createCustomer", "replaceCustomer"];
const TEXT: &str = "2.0..2.1";
const NAME: &str = "2.3..3.0";

/// The consumer that asks too much, and the version in which it does.
const SURGES: (Asker, &str) = (Asker::Consumer("globex"), "3.0");

impl Troubles {
    pub(super) fn of(calendar: Calendar) -> Self {
        let (begin, end) = (calendar.begin, calendar.end);
        let moments = Moments::of(calendar);
        let mut all = usual(begin, end);
        all.extend(outage(moments.outage));
        all.extend(faulty_mapping(moments.mapping));
        // A limit of what globex may ask held while it asked twelve times as much.
        let limited = Trouble::new(moments.surge, 850_000, Kind::RateLimited);
        all.push(limited.of(SURGES.0).in_versions(&["3.0"]));
        let closed = Trouble::new((moments.closed, end), 1_000_000, Kind::Unauthenticated);
        all.push(closed.of(Asker::Unidentified(SCRIPT)));
        let knock = |version, who, kind, (from, to), per_hour| Knock {
            version,
            who,
            kind,
            from,
            to,
            per_hour,
        };
        let curious = (end - 23 * HOUR, end - 2 * HOUR);
        let knocks = vec![
            knock("2.3", OLD_KEYS, Kind::Unauthenticated, moments.rotated, 180),
            knock("2.1-megacorp", CURIOUS, Kind::VersionForbidden, curious, 3),
        ];
        Self { moments, all, knocks }
    }

    /// What may befall these requests, in the order of the stages, and how many of a million of a slot's it befalls.
    pub(super) fn befall<'t>(
        &'t self,
        one: &'t Use,
        operation: &'t str,
        slot: Slot,
    ) -> impl Iterator<Item = (&'t Trouble, u64)> {
        let meant = self
            .all
            .iter()
            .filter(move |trouble| trouble.is_of(one, operation));
        meant.filter_map(move |trouble| {
            let seconds = slot.within(trouble.from, trouble.to).unsigned_abs();
            let share = trouble.in_a_million * seconds / slot.seconds().unsigned_abs().max(1);
            (share > 0).then_some((trouble, share))
        })
    }

    /// From how many of a million lists something is left out, and the change that could not carry it.
    pub(super) fn losses(&self, version: &str, slot: Slot) -> [(&'static str, u64); 2] {
        let texts = |share| if WITH_TEXTS.contains(&version) { share } else { 0 };
        let names = |share| if WITH_NAMES.contains(&version) { share } else { 0 };
        let seconds = slot
            .within(self.moments.mapping.0, self.moments.mapping.1)
            .unsigned_abs();
        let share = 240_000 * seconds / slot.seconds().unsigned_abs().max(1);
        [(TEXT, texts(share)), (NAME, names(700))]
    }

    /// How many times as much as usual is asked in a slot, in thousandths.
    pub(super) fn surge(&self, one: &Use, slot: Slot) -> u64 {
        if (one.who, one.version) != SURGES {
            return 1_000;
        }
        let seconds = slot
            .within(self.moments.surge.0, self.moments.surge.1)
            .unsigned_abs();
        1_000 + 11_000 * seconds / slot.seconds().unsigned_abs().max(1)
    }
}

impl Trouble {
    fn new((from, to): (i64, i64), in_a_million: u64, kind: Kind) -> Self {
        Self {
            from,
            to,
            versions: &[],
            who: None,
            operations: &[],
            in_a_million,
            kind,
            at: None,
        }
    }

    fn of(self, who: Asker) -> Self {
        Self {
            who: Some(who),
            ..self
        }
    }

    fn in_versions(self, versions: &'static [&'static str]) -> Self {
        Self { versions, ..self }
    }

    fn doing(self, operations: &'static [&'static str]) -> Self {
        Self { operations, ..self }
    }

    fn at(self, change: &'static str, pointer: &'static str) -> Self {
        Self {
            at: Some((change, pointer)),
            ..self
        }
    }

    fn is_of(&self, one: &Use, operation: &str) -> bool {
        (self.versions.is_empty() || self.versions.contains(&one.version))
            && self.who.is_none_or(|who| who == one.who)
            && (self.operations.is_empty() || self.operations.contains(&operation))
    }
}

impl Knock {
    /// How many requests fall into a slot, in thousandths.
    pub(super) fn expected(&self, slot: Slot) -> u64 {
        (slot.within(self.from, self.to) * self.per_hour * 1_000 / HOUR).unsigned_abs()
    }
}

/// What always goes wrong a little: tokens that may only read, addresses and countries that are none, a slow backend.
fn usual(begin: i64, end: i64) -> Vec<Trouble> {
    let always = |in_a_million, kind| Trouble::new((begin, end), in_a_million, kind);
    let unlifted = |in_a_million| always(in_a_million, Kind::UntranslatableRequest).doing(WRITES);
    let unlowered = |in_a_million| always(in_a_million, Kind::UntranslatableAnswer).doing(&["readCustomer"]);
    vec![
        always(1_500, Kind::ScopeMissing)
            .of(Asker::Consumer("initech"))
            .doing(&["createCustomer", "replaceCustomer", "patchCustomer"]),
        unlifted(9_000).in_versions(FIRST).at(TEXT, "/addr"),
        unlifted(7_000).in_versions(&["2.0"]).at(TEXT, "/address"),
        unlifted(4_000)
            .in_versions(WITH_ADDRESSES)
            .at(NAME, "/address/country"),
        always(25, Kind::Overloaded),
        always(160, Kind::UpstreamTimeout),
        always(40, Kind::UpstreamReset),
        unlowered(90).in_versions(WITH_NAMES).at(NAME, "/address/country"),
    ]
}

/// The backend was gone for 40 minutes.
fn outage(during: (i64, i64)) -> [Trouble; 2] {
    [
        Trouble::new(during, 720_000, Kind::UpstreamUnreachable),
        Trouble::new(during, 800_000, Kind::UpstreamTimeout),
    ]
}

/// For two hours a pattern of 2.0..2.1 did not know what some addresses look like. Lists leave such customers out.
fn faulty_mapping(during: (i64, i64)) -> [Trouble; 3] {
    let unlifted = || Trouble::new(during, 310_000, Kind::UntranslatableRequest).doing(WRITES);
    [
        unlifted().in_versions(FIRST).at(TEXT, "/addr"),
        unlifted().in_versions(&["2.0"]).at(TEXT, "/address"),
        Trouble::new(during, 180_000, Kind::UntranslatableAnswer)
            .in_versions(WITH_TEXTS)
            .doing(&["readCustomer"])
            .at(TEXT, "/address"),
    ]
}

/// How many of a million requests of a slot are refused since the version rests or is gone, and as what. By the half hour.
pub(super) fn refused_by_lifecycle(
    api: &ApiPlan,
    version: VersionId,
    consumer: Option<ConsumerId>,
    slot: Slot,
) -> Option<(Kind, u64)> {
    if api.lifecycle.version(version).is_none() && !api.lifecycle.off.contains(version) {
        return None;
    }
    let moments: Vec<i64> = (slot.from..slot.to).step_by(30 * MINUTE as usize).collect();
    let refused = moments.iter().filter_map(|second| {
        let now = Timestamp::from_second(*second).ok()?;
        match lifecycle::state(&api.lifecycle, version, "", consumer, now).0 {
            State::Brownout { .. } => Some(Kind::Brownout),
            State::Sunset => Some(Kind::VersionSunset),
            State::Off => Some(Kind::VersionOff),
            _ => None,
        }
    });
    let kinds: Vec<Kind> = refused.collect();
    let share = kinds.len() as u64 * 1_000_000 / moments.len().max(1) as u64;
    Some((*kinds.last()?, share))
}
