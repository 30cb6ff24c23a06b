//! The table that one core counts into. Everything in it is a number, so that counting is one look-up; it is bounded.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::fact::{Kind, class};
use super::gathered::Member;
use super::key::{Asker, Key, NONE};
use super::names::{Names, selector};
use super::source::Source;
use super::told::Told;
use super::took::Took;

/// How many keys beyond the bound are counted as those of `other` clients.
pub(super) const OTHERS: usize = 16_384;
/// How many places of one change are told apart: clients chose the names in some.
const PLACES: usize = 64;
/// The place of the others, which looks like no pointer.
const ELSEWHERE: &str = "elsewhere";
/// How many times more clients without a credential are held than are told: which of them are the most frequent shows late.
const MORE_CLIENTS: usize = 4;

/// How much is told apart between two flushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Things that are counted.
    pub keys: usize,
    /// Clients without a credential.
    pub unidentified: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            keys: 400_000,
            unidentified: 1_000,
        }
    }
}

/// What a key has beside numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Text {
    /// A member of an old version.
    Member(Member),
    /// A name of the gateway's own.
    Name(&'static str),
    /// A change.
    Change(usize),
    /// A place in a document, and the change that could not carry it.
    Place(usize, String),
    /// A bucket's upper bound.
    Bucket(String),
}

impl Text {
    /// The places of a change that are not told apart.
    pub(super) fn elsewhere(change: usize) -> Self {
        Self::Place(change, ELSEWHERE.to_owned())
    }
}

/// Texts by number, counted from 1; 0 is none.
#[derive(Debug, Default)]
pub(super) struct Texts {
    numbers: HashMap<Text, u32>,
    texts: Vec<Text>,
    /// How many places each change has.
    places: FxHashMap<usize, usize>,
}

impl Texts {
    /// The number of a text. All but places are of the gateway and its configuration: there is an end to them.
    pub(super) fn number(&mut self, text: Text) -> u32 {
        if let Some(number) = self.numbers.get(&text) {
            return *number;
        }
        if let Text::Place(change, place) = &text
            && place != ELSEWHERE
        {
            let places = self.places.entry(*change).or_default();
            if *places >= PLACES {
                return self.number(Text::elsewhere(*change));
            }
            *places += 1;
        }
        self.texts.push(text.clone());
        let number = u32::try_from(self.texts.len()).unwrap_or_default();
        self.numbers.insert(text, number);
        number
    }

    /// The text of a number.
    pub(super) fn get(&self, number: u32) -> Option<&Text> {
        self.texts.get((number as usize).checked_sub(1)?)
    }
}

/// Counts by class of status.
pub(super) type Cell = [u32; 5];

/// Where exchanges of one operation are told how long they took.
pub(super) type Place = (u16, u16, u16);

/// What one core counted since it was asked last.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) names: Arc<Names>,
    pub(super) cells: FxHashMap<Key, Cell>,
    pub(super) took: FxHashMap<Place, Box<Took>>,
    pub(super) texts: Texts,
    /// Clients without a credential, by number.
    pub(super) clients: Vec<Box<str>>,
    /// Their numbers by mark ([`super::told::Unknown::mark`]).
    marks: HashMap<Box<[u8]>, u32>,
    /// Exchanges that found no place at all.
    pub(super) lost: u64,
    bounds: Bounds,
    mark: Vec<u8>,
}

impl Table {
    pub(super) fn new(names: Arc<Names>, bounds: Bounds) -> Self {
        Self {
            names,
            cells: FxHashMap::default(),
            took: FxHashMap::default(),
            texts: Texts::default(),
            clients: Vec::new(),
            marks: HashMap::new(),
            lost: 0,
            bounds,
            mark: Vec::new(),
        }
    }

    /// Counts an exchange.
    pub(super) fn count(&mut self, told: Told<'_>) {
        let class = class(told.status);
        let number = |place: Option<usize>| place.and_then(|at| u16::try_from(at).ok()).unwrap_or(NONE);
        let key = Key {
            kind: Kind::Request,
            chosen_by: selector(told.chosen_by),
            api: number(told.api),
            version: number(told.version),
            operation: number(told.operation),
            who: self.asker(&told),
            what: 0,
        };
        if !self.add(key, class, 1) {
            self.lost += 1;
        }
        let place = (key.api, key.version, key.operation);
        self.took.entry(place).or_default().count(class, &told.times);
        let rest = Key { chosen_by: 0, ..key };
        if told.refused.is_some() || told.status >= 500 {
            self.count_fault(rest, class, &told);
        }
        self.count_translation(rest, class, &told.gathered);
        self.count_members(rest, class, told.gathered);
    }

    fn count_fault(&mut self, rest: Key, class: usize, told: &Told<'_>) {
        if let Some(refused) = told.refused {
            let what = self.texts.number(Text::Name(refused.code()));
            self.add(rest.of(Kind::Refused, what), class, 1);
        }
        if let Some(source) = Source::of(told.refused, told.status) {
            let what = self.texts.number(Text::Name(source.name()));
            self.add(rest.of_everybody(Kind::Failed, what), class, 1);
        }
    }

    /// Faults and losses count for themselves: a request that could not be lifted has some, too.
    fn count_translation(&mut self, rest: Key, class: usize, gathered: &super::Gathered) {
        if gathered.lifted {
            self.add(rest.of_everybody(Kind::Lifted, 0), class, 1);
        }
        if gathered.lowered {
            self.add(rest.of_everybody(Kind::Lowered, 0), class, 1);
        }
        for (change, place) in &gathered.faults {
            let what = self.texts.number(Text::Place(*change, place.clone()));
            self.add(rest.of_everybody(Kind::Faulted, what), class, 1);
        }
        for (change, elements) in &gathered.lost {
            let what = self.texts.number(Text::Change(*change));
            let elements = u32::try_from(*elements).unwrap_or(u32::MAX);
            self.add(rest.of_everybody(Kind::Lost, what), class, elements);
        }
    }

    fn count_members(&mut self, rest: Key, class: usize, gathered: super::Gathered) {
        let lists = [
            (Kind::Sent, gathered.sent),
            (Kind::Delivered, gathered.delivered),
            (Kind::Withheld, gathered.withheld),
        ];
        for (kind, members) in lists {
            for member in members {
                let what = self.texts.number(Text::Member(member));
                self.add(rest.of(kind, what), class, 1);
            }
        }
    }

    /// How many exchanges it holds.
    pub(super) fn exchanges(&self) -> u64 {
        let requests = self.cells.iter().filter(|(key, _)| key.kind == Kind::Request);
        requests
            .flat_map(|(_, cell)| cell)
            .map(|count| u64::from(*count))
            .sum()
    }

    /// Adds to a count; of `other` clients where there are too many. Whether it found a place.
    fn add(&mut self, key: Key, class: usize, times: u32) -> bool {
        let length = self.cells.len();
        if length < self.bounds.keys {
            bump(self.cells.entry(key).or_default(), class, times);
            return true;
        }
        if let Some(cell) = self.cells.get_mut(&key) {
            bump(cell, class, times);
            return true;
        }
        let others = match key.who {
            Asker::EVERYBODY => key,
            _ => Key {
                who: Asker::OTHER,
                ..key
            },
        };
        if length < self.bounds.keys + OTHERS || self.cells.contains_key(&others) {
            bump(self.cells.entry(others).or_default(), class, times);
            return true;
        }
        false
    }

    fn asker(&mut self, told: &Told<'_>) -> Asker {
        if let Some(consumer) = told.consumer {
            return Asker::consumer(consumer);
        }
        self.mark.clear();
        told.client.mark(&mut self.mark);
        if let Some(number) = self.marks.get(self.mark.as_slice()) {
            return Asker::client(*number);
        }
        let count = self.clients.len();
        if count >= self.bounds.unidentified.saturating_mul(MORE_CLIENTS) {
            return Asker::OTHER;
        }
        let number = u32::try_from(count).unwrap_or(u32::MAX);
        let mut name = String::new();
        told.client.write(&mut name);
        self.clients.push(name.into());
        self.marks.insert(self.mark.as_slice().into(), number);
        Asker::client(number)
    }
}

fn bump(cell: &mut Cell, class: usize, times: u32) {
    cell[class] = cell[class].saturating_add(times);
}
