//! What all cores counted within one minute, still in numbers: names are made only for what goes to the store next.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::apart::Apart;
use super::batch::Row;
use super::fact::{Counts, Fact, Kind, Who};
use super::gathered::BY_LIFECYCLE;
use super::key::{Asker, Key, NONE, Stands};
use super::names::Names;
use super::table::{Bounds, Cell, OTHERS, Table, Text, Texts};
use super::took::Part;

/// Counts of one minute under one set of names.
#[derive(Debug)]
pub(super) struct Minute {
    /// The first second of the minute; of the hour, where minutes were put together for want of room.
    pub(super) at: i64,
    pub(super) names: Arc<Names>,
    cells: FxHashMap<Key, [u64; 5]>,
    texts: Texts,
    clients: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    last_seen: i64,
}

impl Minute {
    pub(super) fn new(at: i64, names: Arc<Names>) -> Self {
        Self {
            at,
            names,
            cells: FxHashMap::default(),
            texts: Texts::default(),
            clients: Vec::new(),
            numbers: HashMap::new(),
            last_seen: at,
        }
    }

    /// How many counts it has.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// How many exchanges it still holds: sums of them may have been taken before or after.
    pub(super) fn exchanges(&self) -> u64 {
        let requests = self.cells.iter().filter(|(key, _)| key.kind == Kind::Request);
        requests.flat_map(|(_, counts)| counts).sum()
    }

    /// Adds what a core counted, seen at this second. Gives how many exchanges found no place.
    pub(super) fn add(&mut self, table: &Table, bounds: Bounds, apart: &mut Apart, now: i64) -> u64 {
        self.last_seen = self.last_seen.max(now);
        let mut lost = 0;
        let askers = self.askers(table, bounds, apart);
        let texts = self.texts_of(&table.texts, |change, place| apart.place(change, place));
        self.cells
            .reserve(table.cells.len().saturating_sub(self.cells.len()));
        for (key, cell) in &table.cells {
            let who = askers.of(key.who);
            let what = texts.get(key.what as usize).copied().unwrap_or_default();
            let counts = cell.map(u64::from);
            match (self.place(Key { who, what, ..*key }, bounds), key.kind) {
                (Some(request), Kind::Request) => {
                    self.bump(request, counts);
                    self.bump_sums(request, counts, bounds);
                }
                (Some(key), _) => self.bump(key, counts),
                (None, Kind::Request) => lost += counts.iter().sum::<u64>(),
                (None, _) => {}
            }
        }
        self.add_times(table);
        lost
    }

    /// The key that something is counted by: that of `other` clients where there are too many, and none where even those are.
    fn place(&self, key: Key, bounds: Bounds) -> Option<Key> {
        let length = self.cells.len();
        if length < bounds.keys || self.cells.contains_key(&key) {
            return Some(key);
        }
        let others = key.of_others();
        (length < bounds.keys + OTHERS || self.cells.contains_key(&others)).then_some(others)
    }

    /// Adds another minute under the same names.
    pub(super) fn absorb(&mut self, other: Self) {
        self.last_seen = self.last_seen.max(other.last_seen);
        let texts = self.texts_of(&other.texts, |_, _| true);
        let clients: Vec<Asker> = other.clients.iter().map(|name| self.client(name)).collect();
        for (key, counts) in other.cells {
            let who = match key.who.stands_for() {
                Stands::Client(number) => clients.get(number as usize).copied().unwrap_or(Asker::OTHER),
                _ => key.who,
            };
            let what = texts.get(key.what as usize).copied().unwrap_or_default();
            self.bump(Key { who, what, ..key }, counts);
        }
    }

    /// Takes so many counts out, with their names.
    pub(super) fn take(&mut self, most: usize) -> Vec<Row> {
        let some: Vec<Key> = self.cells.keys().take(most).copied().collect();
        let taken = some
            .iter()
            .filter_map(|key| Some((*key, self.cells.remove(key)?)));
        let taken: Vec<(Key, [u64; 5])> = taken.collect();
        taken
            .into_iter()
            .map(|(key, counts)| self.row(key, counts))
            .collect()
    }

    fn bump(&mut self, key: Key, counts: [u64; 5]) {
        let cell = self.cells.entry(key).or_default();
        for (sum, count) in cell.iter_mut().zip(counts) {
            *sum = sum.saturating_add(count);
        }
    }

    /// What is summed of requests, so that the key tables read few rows. Sums over all clients have a place in any case: they are
    /// as many as versions.
    fn bump_sums(&mut self, request: Key, counts: [u64; 5], bounds: Bounds) {
        let by_consumer = Key {
            kind: Kind::ByConsumer,
            chosen_by: 0,
            operation: NONE,
            ..request
        };
        let placed = self.place(by_consumer, bounds);
        self.bump(placed.unwrap_or_else(|| by_consumer.of_others()), counts);
        let by_version = Key {
            kind: Kind::ByVersion,
            who: Asker::EVERYBODY,
            ..by_consumer
        };
        self.bump(by_version, counts);
    }

    fn add_times(&mut self, table: &Table) {
        for (&(api, version, operation), took) in &table.took {
            for (part, kind) in Part::ALL
                .into_iter()
                .filter_map(|part| Some((part, part.kind()?)))
            {
                for bucket in 0..=part.bounds().len() {
                    let counts: Cell = std::array::from_fn(|class| took.counts(part, class)[bucket]);
                    if counts.iter().all(|count| *count == 0) {
                        continue;
                    }
                    let key = Key {
                        kind,
                        chosen_by: 0,
                        api,
                        version,
                        operation,
                        who: Asker::EVERYBODY,
                        what: self.texts.number(Text::Bucket(part.label(bucket))),
                    };
                    self.bump(key, counts.map(u64::from));
                }
            }
        }
    }

    /// The numbers here of a core's clients, the most frequent first: those that find no place are `other`.
    fn askers(&mut self, table: &Table, bounds: Bounds, apart: &mut Apart) -> Askers {
        let mut requests = vec![0_u64; table.clients.len()];
        for (key, cell) in &table.cells {
            if let (Kind::Request, Stands::Client(number)) = (key.kind, key.who.stands_for()) {
                let all: u64 = cell.iter().map(|count| u64::from(*count)).sum();
                requests
                    .get_mut(number as usize)
                    .into_iter()
                    .for_each(|sum| *sum += all);
            }
        }
        let mut clients: Vec<(&str, u32)> = table.clients.iter().map(|name| &**name).zip(0..).collect();
        clients.sort_by_key(|(name, number)| (std::cmp::Reverse(requests[*number as usize]), *name));
        let mut askers = vec![Asker::OTHER; clients.len()];
        for (name, number) in clients {
            if let Some(name) = apart.name(name, bounds.unidentified) {
                askers[number as usize] = self.client(&name);
            }
        }
        Askers(askers)
    }

    fn client(&mut self, name: &Arc<str>) -> Asker {
        if let Some(number) = self.numbers.get(name) {
            return Asker::client(*number);
        }
        let number = u32::try_from(self.clients.len()).unwrap_or(u32::MAX);
        self.clients.push(Arc::clone(name));
        self.numbers.insert(Arc::clone(name), number);
        Asker::client(number)
    }

    /// The numbers here of other texts, by their number there. Places that are not told apart become one.
    fn texts_of(&mut self, texts: &Texts, mut is_apart: impl FnMut(usize, &str) -> bool) -> Vec<u32> {
        let theirs = (1..).map_while(|number| texts.get(number)).cloned();
        let theirs = theirs.map(|text| match text {
            Text::Place(change, place) if !is_apart(change, &place) => Text::elsewhere(change),
            text => text,
        });
        std::iter::once(0)
            .chain(theirs.map(|text| self.texts.number(text)))
            .collect()
    }

    fn row(&self, key: Key, counts: [u64; 5]) -> Row {
        let Key {
            kind,
            api,
            version,
            operation,
            ..
        } = key;
        let names = &self.names;
        let (change, what) = self.text(api, key.what);
        let fact = Fact {
            kind,
            api: names.api(api),
            version: names.version(api, version),
            who: self.who(key.who),
            operation: names.operation(api, version, operation),
            chosen_by: names.selector(key.chosen_by),
            change,
            what,
        };
        Row {
            fact,
            counts: Counts(counts),
            last_seen: self.last_seen,
        }
    }

    fn who(&self, asker: Asker) -> Who {
        match asker.stands_for() {
            Stands::Everybody => Who::Everybody,
            Stands::Other => Who::Other,
            Stands::Consumer(place) => self.names.consumer(place).map_or(Who::Other, Who::Consumer),
            Stands::Client(number) => match self.clients.get(number as usize) {
                Some(name) => Who::Unidentified(Arc::clone(name)),
                None => Who::Other,
            },
        }
    }

    /// The change and the rest that a text names.
    fn text(&self, api: u16, number: u32) -> (Arc<str>, Arc<str>) {
        let change = |at: usize| match at {
            BY_LIFECYCLE => Arc::from(""),
            at => self.names.change(api, at),
        };
        match self.texts.get(number) {
            None => (Arc::from(""), Arc::from("")),
            Some(Text::Name(name)) => (Arc::from(""), Arc::from(*name)),
            Some(Text::Bucket(bound)) => (Arc::from(""), Arc::from(bound.as_str())),
            Some(Text::Change(at)) => (change(*at), Arc::from("")),
            Some(Text::Place(at, place)) => (change(*at), Arc::from(place.as_str())),
            Some(Text::Member(member)) => {
                let what = format!("{} {}", member.label, member.at);
                (change(member.change), Arc::from(what))
            }
        }
    }
}

/// By a core's number of a client, who it is here.
struct Askers(Vec<Asker>);

impl Askers {
    fn of(&self, asker: Asker) -> Asker {
        match asker.stands_for() {
            Stands::Client(number) => self.0.get(number as usize).copied().unwrap_or(Asker::OTHER),
            _ => asker,
        }
    }
}
