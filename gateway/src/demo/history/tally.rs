//! What happened in several slots and is told at once: members, translations, times. Nobody asks for these by the minute, and for
//! members and times nobody asks by operation.

use std::sync::Arc;

use super::book::Book;
use super::cast::Asker;
use super::chance::Chance;
use super::members::{Met, Often};
use super::play::{Asked, Turn};
use super::times;
use crate::ledger::fact::{Counts, Kind, Who};
use crate::ledger::source::Source;
use crate::ledger::took::Part;
use crate::refusal::Kind as Why;

/// From this many steps on a chain takes longer.
const LONG: usize = 12;
/// How many customers a page has.
const PAGE: u64 = 20;
/// A trial that is over: a twentieth of one consumer's answers lacked a member.
const TRIED: (&str, Asker, &str, &str) = (
    "3.2",
    Asker::Consumer("initech"),
    "readCustomer",
    "Customer /segment",
);
const WITHHELD: u64 = 50_000;

/// What happened in an operation and is not told yet.
#[derive(Debug)]
pub(super) struct Tally {
    met: Met,
    pub(super) all: Counts,
    reached: Reached,
}

/// How far exchanges came.
#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    lifted: Counts,
    lowered: Counts,
    answered: Counts,
    unanswered: Counts,
}

impl Tally {
    /// Of exchanges that carry these members.
    pub(super) fn new(met: Met) -> Self {
        Self {
            met,
            all: Counts::default(),
            reached: Reached::default(),
        }
    }

    /// The upstream answered, and its answer was carried down.
    pub(super) fn succeeded(&mut self, counts: Counts) {
        self.all.add(&counts);
        self.reached.lifted.add(&counts);
        self.reached.lowered.add(&counts);
        self.reached.answered.add(&counts);
    }

    /// How far requests came that were refused or failed.
    pub(super) fn failed(&mut self, why: Why, counts: Counts) {
        let far = match Source::of(Some(why), why.status().as_u16()) {
            Some(Source::Upstream) => &mut self.reached.unanswered,
            Some(Source::Transformation) => &mut self.reached.answered,
            Some(Source::Gateway) | None => return,
        };
        far.add(&counts);
        self.reached.lifted.add(&counts);
    }

    /// Tells it, and begins anew.
    pub(super) fn tell(&mut self, asked: &Asked<'_>, steps: usize, turn: &mut Turn<'_>) {
        let (reached, all) = (std::mem::take(&mut self.reached), std::mem::take(&mut self.all));
        if steps > 0 {
            translated(asked, reached, turn.book);
        }
        let page = if &**asked.operation == "listCustomers" {
            PAGE
        } else {
            1
        };
        let answers = reached.answered.0[1];
        for (kind, often) in [
            (Kind::Sent, &self.met.sent),
            (Kind::Delivered, &self.met.delivered),
        ] {
            for member in often {
                let times = turn.chance.part(answers, member.in_a_million * page);
                carried(kind, asked, member, times, turn.book);
            }
        }
        took(asked.version, steps, all, reached, turn.book, &mut turn.chance);
    }
}

fn successes(times: u64) -> Counts {
    Counts([0, times, 0, 0, 0])
}

fn translated(asked: &Asked<'_>, reached: Reached, book: &mut Book) {
    for (kind, counts) in [(Kind::Lifted, reached.lifted), (Kind::Lowered, reached.lowered)] {
        let mut fact = book.fact(kind, asked.version);
        fact.operation = Arc::clone(asked.operation);
        book.add(fact, counts);
    }
}

fn carried(kind: Kind, asked: &Asked<'_>, member: &Often, times: u64, book: &mut Book) {
    let mut fact = book.fact(kind, asked.version);
    fact.who = asked.who.clone();
    fact.change = Arc::clone(&member.change);
    fact.what = Arc::clone(&member.what);
    book.add(fact, successes(times));
}

/// Tells of the trial, if these answers were part of it.
pub(super) fn trial(asked: &Asked<'_>, answers: u64, turn: &mut Turn<'_>) {
    let (version, who, operation, member) = TRIED;
    let is_tried = matches!(asked.who, Who::Consumer(name) if who.consumer() == Some(&**name));
    let (from, to) = turn.scene.troubles.moments.trial;
    let during = turn.slot.within(from, to).unsigned_abs();
    if during == 0 || !is_tried || (&**asked.version, &**asked.operation) != (version, operation) {
        return;
    }
    let answers = answers * during / turn.slot.seconds().unsigned_abs().max(1);
    let withheld = turn.chance.part(answers, WITHHELD);
    for (kind, times) in [(Kind::Withheld, withheld), (Kind::Delivered, answers - withheld)] {
        let mut fact = turn.book.fact(kind, asked.version);
        fact.who = asked.who.clone();
        fact.what = member.into();
        turn.book.add(fact, successes(times));
    }
}

fn took(
    version: &Arc<str>,
    steps: usize,
    all: Counts,
    reached: Reached,
    book: &mut Book,
    chance: &mut Chance,
) {
    let translation = match steps {
        0 => None,
        few if few < LONG => Some(times::SHORT),
        _ => Some(times::LONG),
    };
    let parts = [
        (Part::Gateway, all, Some(times::ADDED)),
        (Part::Transformation, reached.lifted, translation),
        (Part::Upstream, reached.answered, Some(times::ANSWERED)),
        (Part::Upstream, reached.unanswered, Some(times::UNANSWERED)),
    ];
    for (part, counts, over) in parts {
        let (Some(over), Some(kind)) = (over, part.kind()) else {
            continue;
        };
        for (class, all) in counts.0.into_iter().enumerate().filter(|(_, all)| *all > 0) {
            let buckets = match (class, over.first()) {
                // Others are few: they are told in the bucket that most are in.
                (0 | 2.., Some((bucket, _))) => vec![(*bucket, all)],
                _ => times::spread(all, over, chance),
            };
            for (bucket, times) in buckets {
                let mut fact = book.fact(kind, version);
                fact.what = part.label(bucket).into();
                let mut counts = Counts::default();
                counts.0[class] = times;
                book.add(fact, counts);
            }
        }
    }
}
