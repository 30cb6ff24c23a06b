//! One use of a version, slot by slot: how many ask, and what they are answered.

use std::sync::Arc;

use sluice_config::plan::{ApiPlan, ConsumerId, Plan, VersionId};

use super::book::Book;
use super::calendar::{Calendar, Slot};
use super::cast::{Asker, Use};
use super::chance::Chance;
use super::members::Members;
use super::tally::{Tally, trial};
use super::troubles::{Trouble, Troubles, refused_by_lifecycle};
use crate::ledger::fact::{Counts, Kind, Who, class};
use crate::ledger::source::Source;
use crate::refusal::Kind as Why;

/// A use of a version, as the plan has it.
#[derive(Debug)]
pub(super) struct Player {
    one: &'static Use,
    version: VersionId,
    consumer: Option<ConsumerId>,
    who: Who,
    name: Arc<str>,
    chosen_by: Arc<str>,
    /// How many steps its chain has: none in the origin.
    steps: usize,
    pieces: Vec<Piece>,
}

/// One operation of a use.
#[derive(Debug)]
struct Piece {
    operation: Arc<str>,
    /// How many of a thousand requests it gets.
    weight: u64,
    tally: Tally,
}

/// What all players of a history share.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) api: &'a ApiPlan,
    pub(super) calendar: Calendar,
    pub(super) troubles: &'a Troubles,
}

/// A slot, while it is played.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) slot: Slot,
    pub(super) book: &'a mut Book,
    pub(super) chance: Chance,
}

/// What was asked for, and by whom.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) version: &'a Arc<str>,
    pub(super) who: &'a Who,
    pub(super) chosen_by: &'a Arc<str>,
    /// Empty where a request was refused before anybody looked.
    pub(super) operation: &'a Arc<str>,
}

impl Player {
    /// None where the plan has no such version or consumer.
    pub(super) fn of(plan: &Plan, api: &ApiPlan, one: &'static Use, met: &Members) -> Option<Self> {
        let version = api.version(one.version)?;
        let chain = api.lineage.chain(one.version, api.lineage.origin())?;
        let consumer = match one.who.consumer() {
            Some(name) => Some(plan.consumers.named(name)?),
            None => None,
        };
        let who = match one.who {
            Asker::Consumer(name) => Who::Consumer(name.into()),
            Asker::Unidentified(client) => Who::Unidentified(client.into()),
        };
        let pieces = one.habit.iter().filter_map(|(operation, weight)| {
            Some(Piece {
                operation: (*operation).into(),
                weight: *weight,
                tally: Tally::new(met.get(*operation)?.clone()),
            })
        });
        Some(Self {
            one,
            version,
            consumer,
            who,
            name: one.version.into(),
            chosen_by: one.chosen_by.into(),
            steps: chain.steps.len(),
            pieces: pieces.collect(),
        })
    }

    /// What happens in a slot.
    pub(super) fn play(&mut self, turn: &mut Turn<'_>) {
        let Scene {
            api,
            calendar,
            troubles,
        } = turn.scene;
        let per_hour = self.one.per_hour(calendar.elapsed(turn.slot.from));
        let expected =
            per_hour * self.one.rhythm.hours(turn.slot) * troubles.surge(self.one, turn.slot) / 1_000;
        let gone = refused_by_lifecycle(api, self.version, self.consumer, turn.slot);
        for index in 0..self.pieces.len() {
            let all = turn.chance.about(expected * self.pieces[index].weight / 1_000);
            if all > 0 {
                self.exchanges(index, all, gone, turn);
            }
        }
        if turn.slot.whole {
            self.tell(turn);
        }
    }

    /// So many requests of an operation: those that are refused or fail, and the rest.
    fn exchanges(&mut self, index: usize, all: u64, gone: Option<(Why, u64)>, turn: &mut Turn<'_>) {
        let operation = Arc::clone(&self.pieces[index].operation);
        let (mut left, mut counts) = (all, Counts::default());
        if let Some((why, share)) = gone {
            let refused = turn.chance.part(left, share);
            left -= refused;
            counts.add(&self.asked(&operation).refused(why, refused, turn.book));
        }
        let scene = turn.scene;
        for (trouble, share) in scene.troubles.befall(self.one, &operation, turn.slot) {
            let met = turn.chance.part(left, share);
            if self.steps == 0 && trouble.at.is_some() {
                continue;
            }
            left -= met;
            if trouble.kind == Why::Unauthenticated {
                self.asked(&"".into()).turned_away(trouble.kind, met, turn.book);
                continue;
            }
            let told = self.asked(&operation).refused(trouble.kind, met, turn.book);
            self.faulted(&operation, trouble, told, turn.book);
            self.pieces[index].tally.failed(trouble.kind, told);
            counts.add(&told);
        }
        let done = answered(&operation, left, &mut turn.chance);
        self.pieces[index].tally.all.add(&counts);
        self.pieces[index].tally.succeeded(done);
        self.losses(&operation, done.0[1], turn);
        trial(&self.asked(&operation), done.0[1], turn);
        counts.add(&done);
        self.asked(&operation).requests(counts, turn.book);
    }

    fn asked<'a>(&'a self, operation: &'a Arc<str>) -> Asked<'a> {
        Asked {
            version: &self.name,
            who: &self.who,
            chosen_by: &self.chosen_by,
            operation,
        }
    }

    /// Documents that a change could not carry.
    fn faulted(&self, operation: &Arc<str>, trouble: &Trouble, counts: Counts, book: &mut Book) {
        let Some((change, pointer)) = trouble.at else {
            return;
        };
        let mut fact = book.fact(Kind::Faulted, &self.name);
        fact.operation = Arc::clone(operation);
        fact.change = change.into();
        fact.what = pointer.into();
        book.add(fact, counts);
    }

    /// Lists from which something was left out.
    fn losses(&self, operation: &Arc<str>, lists: u64, turn: &mut Turn<'_>) {
        if &**operation != "listCustomers" {
            return;
        }
        for (change, share) in turn.scene.troubles.losses(self.one.version, turn.slot) {
            let mut fact = turn.book.fact(Kind::Lost, &self.name);
            fact.operation = Arc::clone(operation);
            fact.change = change.into();
            let lost = turn.chance.part(lists, share);
            turn.book.add(fact, Counts([0, lost, 0, 0, 0]));
        }
    }

    /// Tells what was gathered since it was told last.
    fn tell(&mut self, turn: &mut Turn<'_>) {
        for piece in &mut self.pieces {
            let asked = Asked {
                version: &self.name,
                who: &self.who,
                chosen_by: &self.chosen_by,
                operation: &piece.operation,
            };
            piece.tally.tell(&asked, self.steps, turn);
        }
    }
}

impl Asked<'_> {
    /// Tells of requests.
    fn requests(&self, counts: Counts, book: &mut Book) {
        let mut fact = book.fact(Kind::Request, self.version);
        fact.who = self.who.clone();
        fact.operation = Arc::clone(self.operation);
        fact.chosen_by = Arc::clone(self.chosen_by);
        book.add(fact, counts);
    }

    /// Tells of requests that are refused, and of whose fault it is where it is somebody's.
    fn refused(&self, why: Why, times: u64, book: &mut Book) -> Counts {
        let status = why.status().as_u16();
        let mut counts = Counts::default();
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

    /// Tells of requests that are refused at the door.
    pub(super) fn turned_away(&self, why: Why, times: u64, book: &mut Book) {
        let counts = self.refused(why, times, book);
        self.requests(counts, book);
    }
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
