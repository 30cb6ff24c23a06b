//! Names that clients choose: their own where they have no credential, and those in places of documents. Of a UTC day no more
//! are told apart than the bound, so that no more a day come to the store, however often clients change them.

use std::collections::HashSet;
use std::sync::Arc;

use super::question::Grain;

/// The names of a day.
#[derive(Debug, Default)]
pub(super) struct Apart {
    day: i64,
    names: HashSet<Arc<str>>,
    /// Places that a change could not carry, by the change's number.
    places: HashSet<(usize, String)>,
}

/// How many places are told apart.
const PLACES: usize = 1_000;

impl Apart {
    /// The names of the day of this second from now on.
    pub(super) fn at(&mut self, second: i64) -> &mut Self {
        let day = Grain::Day.floor(second);
        if day != self.day {
            self.names.clear();
            self.places.clear();
            self.day = day;
        }
        self
    }

    /// Whether a place is told apart.
    pub(super) fn place(&mut self, change: usize, place: &str) -> bool {
        let place = (change, place.to_owned());
        self.places.contains(&place) || (self.places.len() < PLACES && self.places.insert(place))
    }

    /// The name, where it is told apart; none where there are too many already.
    pub(super) fn name(&mut self, name: &str, most: usize) -> Option<Arc<str>> {
        if let Some(known) = self.names.get(name) {
            return Some(Arc::clone(known));
        }
        if self.names.len() >= most {
            return None;
        }
        let name: Arc<str> = Arc::from(name);
        self.names.insert(Arc::clone(&name));
        Some(name)
    }
}
