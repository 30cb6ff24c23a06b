//! What a core counts by: a fact in numbers.

use super::fact::Kind;

/// None of that sort: no API, no version, no operation.
pub(super) const NONE: u16 = u16::MAX;

/// A fact in numbers; [`super::names::Names`] has the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) kind: Kind,
    /// The selector; see [`super::names::selector`].
    pub(super) chosen_by: u8,
    pub(super) api: u16,
    pub(super) version: u16,
    pub(super) operation: u16,
    pub(super) who: Asker,
    /// What else a kind has, by its number among the table's [`super::table::Texts`]; 0 for nothing.
    pub(super) what: u32,
}

impl Key {
    /// The same, of another kind.
    pub(super) fn of(self, kind: Kind, what: u32) -> Self {
        Self { kind, what, ..self }
    }

    /// The same, of another kind, whoever asked.
    pub(super) fn of_everybody(self, kind: Kind, what: u32) -> Self {
        Self {
            who: Asker::EVERYBODY,
            ..self.of(kind, what)
        }
    }

    /// The same of `other` clients; of everybody where nobody is told apart.
    pub(super) fn of_others(self) -> Self {
        match self.who {
            Asker::EVERYBODY => self,
            _ => Self {
                who: Asker::OTHER,
                ..self
            },
        }
    }
}

/// Who asked, as a number: 4 bytes instead of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Asker(u32);

/// What an [`Asker`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Everybody,
    Other,
    /// A consumer, by its place in the plan.
    Consumer(usize),
    /// A client without a credential, by its number in the table.
    Client(u32),
}

/// From here on numbers are of clients without a credential.
const CLIENTS: u32 = 1 << 31;

impl Asker {
    pub(super) const EVERYBODY: Self = Self(0);
    pub(super) const OTHER: Self = Self(u32::MAX);

    /// A consumer.
    pub(super) fn consumer(place: usize) -> Self {
        let number = u32::try_from(place).ok().and_then(|place| place.checked_add(1));
        number
            .filter(|number| *number < CLIENTS)
            .map_or(Self::OTHER, Self)
    }

    /// A client without a credential.
    pub(super) fn client(number: u32) -> Self {
        Self(CLIENTS.saturating_add(number))
    }

    pub(super) fn stands_for(self) -> Stands {
        match self {
            Self::EVERYBODY => Stands::Everybody,
            Self::OTHER => Stands::Other,
            Self(number) if number >= CLIENTS => Stands::Client(number - CLIENTS),
            Self(number) => Stands::Consumer(number as usize - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn askers_keep_apart() {
        assert_eq!(Asker::EVERYBODY.stands_for(), Stands::Everybody);
        assert_eq!(Asker::OTHER.stands_for(), Stands::Other);
        assert_eq!(Asker::consumer(0).stands_for(), Stands::Consumer(0));
        assert_eq!(Asker::consumer(9_999).stands_for(), Stands::Consumer(9_999));
        assert_eq!(Asker::client(7).stands_for(), Stands::Client(7));
        assert_eq!(Asker::consumer(usize::MAX), Asker::OTHER);
    }

    #[test]
    fn a_key_is_small() {
        assert_eq!(std::mem::size_of::<Key>(), 16);
    }
}
