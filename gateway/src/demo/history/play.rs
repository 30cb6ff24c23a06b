//! One use of a version, slot by slot: how many ask, what they are answered, and what of it the ledger is told.

use std::sync::Arc;

use sluice_config::plan::{ApiPlan, ConsumerId, Plan, VersionId};

use super::book::Book;
use super::calendar::{Calendar, Slot};
use super::cast::{Asker, Use};
use super::chance::Chance;
use super::members::{Met, Often};
use super::troubles::{Trouble, Troubles, refused_by_lifecycle};
use super::{members, times};
use crate::ledger::fact::{Counts, Kind, Who, class};
use crate::ledger::source::Source;
use crate::ledger::took::Part;
use crate::refusal::Kind as Why;

/// From this many steps on a chain takes longer.
const LONG: usize = 12;
/// How many customers a page has.
const PAGE: u64 = 20;
/// A trial that is over: a twentieth of one consumer's answers lacked a member.
const TRIED: (&str, Asker, &str) = ("3.2", Asker::Consumer("initech"), "Customer /segment");
const WITHHELD: u64 = 50_000;

/// A use of a version, as the plan has it.
#[derive(Debug)]
pub(super) struct Player {
    one: &'static Use,
    version: VersionId,
    consumer: Option<ConsumerId>,
    who: Who,
    name: Arc<str>,
    chosen_by: Arc<str>,
    steps: usize,
    pieces: Vec<Piece>,
}

/// One operation of a use, with what is not told yet.
#[derive(Debug)]
struct Piece {
    operation: Arc<str>,
    /// How many of a thousand requests it gets.
    weight: u64,
    met: Met,
    tally: Tally,
}

/// What happened and is not told yet.
#[derive(Debug, Default)]
struct Tally {
    all: Counts,
    lifted: Counts,
    lowered: Counts,
    answered: Counts,
    unanswered: Counts,
}

impl Player {
    /// None where the plan has no such version or consumer.
    pub(super) fn of(plan: &Plan, api: &ApiPlan, one: &'static Use) -> Option<Self> {
        let version = api.version(one.version)?;
        let consumer = match one.who.consumer() {
            Some(name) => Some(plan.consumers.named(name)?),
            None => None,
        };
        let who = match one.who {
            Asker::Consumer(name) => Who::Consumer(name.into()),
            Asker::Unidentified(client) => Who::Unidentified(client.into()),
        };
        let mut met = members::of(api, one.version);
        let pieces = one.habit.iter().filter_map(|(operation, weight)| {
            Some(Piece {
                operation: (*operation).into(),
                weight: *weight,
                met: met.remove(*operation)?,
                tally: Tally::default(),
            })
        });
        Some(Self {
            one,
            version,
            consumer,
            who,
            name: one.version.into(),
            chosen_by: one.chosen_by.into(),
            steps: api
                .lineage
                .chain(one.version, api.lineage.origin())
                .map_or(0, |chain| chain.steps.len()),
            pieces: pieces.collect(),
        })
    }

    /// What happens in a slot.
    pub(super) fn play(&mut self, scene: &Scene<'_>, slot: Slot, book: &mut Book, chance: &mut Chance) {
        let per_hour = self.one.per_hour(scene.calendar.elapsed(slot.from));
        let hours = self.one.rhythm.hours(slot);
        let expected = per_hour * hours * scene.troubles.surge(self.one, slot) / 1_000;
        let gone = refused_by_lifecycle(scene.api, self.version, self.consumer, slot);
        for index in 0..self.pieces.len() {
            let all = chance.about(expected * self.pieces[index].weight / 1_000);
            if all > 0 {
                self.exchanges(index, all, gone, scene.troubles, slot, book, chance);
            }
        }
        if slot.whole {
            self.tell(scene.troubles.moments.trial, slot, book, chance);
        }
    }

    /// So many requests of an operation: those that are refused or fail, and the rest.
    #[allow(clippy::too_many_arguments)]
    fn exchanges(
        &mut self,
        index: usize,
        all: u64,
        gone: Option<(Why, u64)>,
        troubles: &Troubles,
        slot: Slot,
        book: &mut Book,
        chance: &mut Chance,
    ) {
        let operation = Arc::clone(&self.pieces[index].operation);
        let (mut left, mut counts) = (all, Counts::default());
        if let Some((why, share)) = gone {
            let refused = chance.part(left, share);
            left -= refused;
            counts.add(&self.asked(&operation).refused(why, refused, book));
        }
        for (trouble, share) in troubles.befall(self.one, &operation, slot) {
            let met = chance.part(left, share);
            if met == 0 || self.steps == 0 && trouble.at.is_some() {
                continue;
            }
            left -= met;
            if trouble.kind == Why::Unauthenticated {
                // Nobody asks which operation is meant.
                let none = "".into();
                let told = self.asked(&none).refused(trouble.kind, met, book);
                self.requests(&none, told, book);
                continue;
            }
            let told = self.asked(&operation).refused(trouble.kind, met, book);
            self.faulted(&operation, trouble, told, book);
            counts.add(&told);
            self.pieces[index].tally.failed(trouble.kind, told);
        }
        let done = answered(&operation, left, chance);
        self.pieces[index].tally.succeeded(done);
        self.pieces[index].tally.all.add(&counts);
        counts.add(&done);
        self.losses(&operation, done.0[1], troubles, slot, book, chance);
        self.requests(&operation, counts, book);
    }

    fn requests(&self, operation: &Arc<str>, counts: Counts, book: &mut Book) {
        let mut fact = book.fact(Kind::Request, &self.name);
        fact.who = self.who.clone();
        fact.operation = Arc::clone(operation);
        fact.chosen_by = Arc::clone(&self.chosen_by);
        book.add(fact, counts);
    }

    fn asked<'a>(&'a self, operation: &'a Arc<str>) -> Asked<'a> {
        Asked {
            version: &self.name,
            who: &self.who,
            operation,
        }
    }

    fn faulted(&self, operation: &Arc<str>, trouble: &Trouble, counts: Counts, book: &mut Book) {
        let Some((change, pointer)) = trouble.at else { return };
        let mut fact = book.fact(Kind::Faulted, &self.name);
        fact.operation = Arc::clone(operation);
        fact.change = change.into();
        fact.what = pointer.into();
        book.add(fact, counts);
    }

    /// Lists from which something was left out.
    fn losses(
        &self,
        operation: &Arc<str>,
        lists: u64,
        troubles: &Troubles,
        slot: Slot,
        book: &mut Book,
        chance: &mut Chance,
    ) {
        if &**operation != "listCustomers" {
            return;
        }
        for (change, share) in troubles.losses(self.one.version, slot) {
            let mut fact = book.fact(Kind::Lost, &self.name);
            fact.operation = Arc::clone(operation);
            fact.change = change.into();
            book.add(fact, successes(chance.part(lists, share)));
        }
    }

    /// Tells what was gathered since it was told last.
    fn tell(&mut self, trial_lasted: (i64, i64), slot: Slot, book: &mut Book, chance: &mut Chance) {
        for piece in &mut self.pieces {
            let tally = std::mem::take(&mut piece.tally);
            for (kind, counts) in [(Kind::Lifted, tally.lifted), (Kind::Lowered, tally.lowered)] {
                let mut fact = book.fact(kind, &self.name);
                fact.operation = Arc::clone(&piece.operation);
                book.add(fact, if self.steps > 0 { counts } else { Counts::default() });
            }
            let is_list = &*piece.operation == "listCustomers";
            let told = [(Kind::Sent, &piece.met.sent), (Kind::Delivered, &piece.met.delivered)];
            for (kind, often) in told {
                for member in often {
                    let share = member.in_a_million * if is_list { PAGE } else { 1 };
                    let times = chance.part(tally.answered.0[1], share);
                    carried(kind, &self.name, &self.who, member, times, book);
                }
            }
            took(&self.name, self.steps, &tally, book, chance);
            let tried = (self.one.version, self.one.who) == (TRIED.0, TRIED.1) && &*piece.operation == "readCustomer";
            if tried && slot.within(trial_lasted.0, trial_lasted.1) > 0 {
                trial(&self.name, &self.who, tally.answered.0[1], book, chance);
            }
        }
    }
}

/// What players share.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) api: &'a ApiPlan,
    pub(super) calendar: Calendar,
    pub(super) troubles: &'a Troubles,
}

impl Tally {
    /// The upstream answered, and its answer was carried down.
    fn succeeded(&mut self, counts: Counts) {
        for one in [&mut self.all, &mut self.lifted, &mut self.lowered, &mut self.answered] {
            one.add(&counts);
        }
    }

    /// How far refused requests came.
    fn failed(&mut self, why: Why, counts: Counts) {
        let far = match Source::of(Some(why), why.status().as_u16()) {
            Some(Source::Upstream) => &mut self.unanswered,
            Some(Source::Transformation) => &mut self.answered,
            Some(Source::Gateway) | None => return,
        };
        far.add(&counts);
        self.lifted.add(&counts);
    }
}

/// What was asked for, and by whom.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) version: &'a Arc<str>,
    pub(super) who: &'a Who,
    pub(super) operation: &'a Arc<str>,
}

impl Asked<'_> {
    /// Tells of requests that are refused, and of whose fault it is where it is somebody's.
    pub(super) fn refused(&self, why: Why, times: u64, book: &mut Book) -> Counts {
        let mut counts = Counts::default();
        let status = why.status().as_u16();
        counts.0[class(status)] = times;
        let mut fact = book.fact(Kind::Refused, self.version);
        fact.who = self.who.clone();
        fact.operation = Arc::clone(self.operation);
        fact.what = why.code().into();
        book.add(fact, counts);
        if let Some(source) = Source::of(Some(why), status) {
            let mut fact = book.fact(Kind::Failed, self.version);
            fact.operation = Arc::clone(self.operation);
            fact.what = source.name().into();
            book.add(fact, counts);
        }
        counts
    }
}

fn successes(times: u64) -> Counts {
    Counts([0, times, 0, 0, 0])
}

/// What the upstream answers: some things are not there, some have not changed.
fn answered(operation: &str, all: u64, chance: &mut Chance) -> Counts {
    let (unchanged, wrong) = match operation {
        "readCustomer" => (60_000, 9_000),
        "listCustomers" => (0, 400),
        "createCustomer" => (0, 14_000),
        _ => (0, 6_000),
    };
    let wrong = chance.part(all, wrong);
    let unchanged = chance.part(all - wrong, unchanged);
    Counts([0, all - wrong - unchanged, unchanged, wrong, 0])
}

fn carried(kind: Kind, version: &Arc<str>, who: &Who, member: &Often, times: u64, book: &mut Book) {
    let mut fact = book.fact(kind, version);
    fact.who = who.clone();
    fact.change = Arc::clone(&member.change);
    fact.what = Arc::clone(&member.what);
    book.add(fact, successes(times));
}

fn trial(version: &Arc<str>, who: &Who, answers: u64, book: &mut Book, chance: &mut Chance) {
    let withheld = chance.part(answers, WITHHELD);
    for (kind, times) in [(Kind::Withheld, withheld), (Kind::Delivered, answers - withheld)] {
        let mut fact = book.fact(kind, version);
        fact.who = who.clone();
        fact.what = TRIED.2.into();
        book.add(fact, successes(times));
    }
}

fn took(version: &Arc<str>, steps: usize, tally: &Tally, book: &mut Book, chance: &mut Chance) {
    let translation = match steps {
        0 => None,
        few if few < LONG => Some(times::SHORT),
        _ => Some(times::LONG),
    };
    let parts = [
        (Part::Gateway, tally.all, Some(times::ADDED)),
        (Part::Transformation, tally.lifted, translation),
        (Part::Upstream, tally.answered, Some(times::ANSWERED)),
        (Part::Upstream, tally.unanswered, Some(times::UNANSWERED)),
    ];
    for (part, counts, over) in parts {
        let (Some(over), Some(kind)) = (over, part.kind()) else { continue };
        for (class, all) in counts.0.into_iter().enumerate().filter(|(_, all)| *all > 0) {
            for (bucket, times) in times::spread(all, over, chance) {
                let mut fact = book.fact(kind, version);
                fact.what = part.label(bucket).into();
                let mut counts = Counts::default();
                counts.0[class] = times;
                book.add(fact, counts);
            }
        }
    }
}
