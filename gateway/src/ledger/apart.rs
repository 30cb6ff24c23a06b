//! Which clients without a credential are told apart: of a UTC day no more than the bound, so that no more names a day come
//! to the store, however often clients change theirs.

use std::collections::HashSet;
use std::sync::Arc;

use super::question::Grain;

/// The names of a day.
#[derive(Debug, Default)]
pub(super) struct Apart {
    day: i64,
    names: HashSet<Arc<str>>,
}

impl Apart {
    /// The names of the day of this second from now on.
    pub(super) fn at(&mut self, second: i64) -> &mut Self {
        let day = Grain::Day.floor(second);
        if day != self.day {
            self.names.clear();
            self.day = day;
        }
        self
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
