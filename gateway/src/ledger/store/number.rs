//! The number of a fact in a store: the same in every gateway, so that nobody has to ask for it.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

use crate::ledger::fact::{Fact, Kind, Who};

/// The most bytes of one part of a fact that are kept.
const LONGEST: usize = 1024;
/// How many bits are left for what tells facts of one kind and version apart.
pub(super) const REST: u32 = 52;
/// How many bits tell versions apart, roughly.
const VERSION: u32 = 6;

/// A fact in the form that stores hold: text without NUL, and of a bounded length.
#[derive(Clone, Debug)]
pub(super) struct Parts<'a> {
    pub(super) kind: Kind,
    pub(super) who_is: i64,
    /// API, version, who, operation, selector, change, what.
    pub(super) text: [Cow<'a, str>; 7],
}

impl<'a> Parts<'a> {
    pub(super) fn of(fact: &'a Fact) -> Self {
        let (who_is, who) = who_parts(&fact.who);
        let text: [&str; 7] = [
            &fact.api,
            &fact.version,
            who,
            &fact.operation,
            &fact.chosen_by,
            &fact.change,
            &fact.what,
        ];
        Self {
            kind: fact.kind,
            who_is,
            text: text.map(kept),
        }
    }

    /// Its number: 5 bits for the kind, 6 of a hash of API and version, 52 of a hash (SHA-256) of everything. Never
    /// negative.
    ///
    /// Facts of one kind and version stand close together in a table by number, so that those who use a version are found
    /// in few pages. With 400,000 facts in one of these groups, two share a number with a probability of 2 in 100,000.
    pub(super) fn number(&self) -> i64 {
        let [api, version, ..] = &self.text;
        let near = hash(&[api, version]) >> (u64::BITS - VERSION);
        let kind = [self.kind as u8, self.who_is as u8].map(|byte| byte.to_string());
        let all = kind.iter().map(String::as_str);
        let all: Vec<&str> = all.chain(self.text.iter().map(Cow::as_ref)).collect();
        let rest = hash(&all) >> (u64::BITS - REST);
        let number = u64::from(self.kind as u8) << (VERSION + REST) | near << REST | rest;
        number.cast_signed()
    }
}

/// The numbers of a kind.
pub(super) fn numbers(kind: Kind) -> RangeInclusive<i64> {
    let first = i64::from(kind as u8) << (VERSION + REST);
    first..=first + ((1 << (VERSION + REST)) - 1)
}

/// The first 64 bits of SHA-256 over parts, each after its length, so that no two lists of parts look alike.
fn hash(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let bytes: [u8; 32] = hash.finalize().into();
    bytes[..8]
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Who, as stores hold it.
pub(super) fn who_parts(who: &Who) -> (i64, &str) {
    match who {
        Who::Everybody => (0, ""),
        Who::Consumer(name) => (1, name),
        Who::Unidentified(network) => (2, network),
        Who::Other => (3, ""),
    }
}

/// Who, as a store holds it. A number that is unknown here is somebody who is not told apart.
pub(super) fn who(is: i64, name: &str) -> Who {
    match is {
        0 => Who::Everybody,
        1 => Who::Consumer(name.into()),
        2 => Who::Unidentified(name.into()),
        _ => Who::Other,
    }
}

/// Text as it is kept: PostgreSQL holds no NUL, and a pointer into a client's document may have one and be of any length.
pub(super) fn kept(text: &str) -> Cow<'_, str> {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(api: &str, version: &str, what: &str) -> Fact {
        Fact {
            kind: Kind::Sent,
            api: api.into(),
            version: version.into(),
            who: Who::Consumer("c".into()),
            operation: "".into(),
            chosen_by: "".into(),
            change: "".into(),
            what: what.into(),
        }
    }

    fn number(fact: &Fact) -> i64 {
        Parts::of(fact).number()
    }

    #[test]
    fn a_number_stays_what_it_is() {
        // Stores in use hold these numbers: they may not change with a release.
        assert_eq!(
            number(&fact("customers", "2.0", "Customer /title")),
            916_768_558_732_658_287
        );
    }

    #[test]
    fn what_differs_has_another_number() {
        let facts = [fact("a", "bc", ""), fact("ab", "c", ""), fact("a", "b", "c")];
        let mut everybody = facts[0].clone();
        everybody.who = Who::Everybody;
        let mut numbers: Vec<i64> = facts.iter().chain([&everybody]).map(number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 4);
        assert!(numbers[0] > 0);
    }

    #[test]
    fn facts_of_a_version_stand_together() {
        let (one, two) = (fact("a", "1.0", "x"), fact("a", "1.0", "y"));
        assert_eq!(number(&one) >> REST, number(&two) >> REST);
        assert!(numbers(Kind::Sent).contains(&number(&one)));
        assert!(!numbers(Kind::Delivered).contains(&number(&one)));
        assert_eq!(numbers(Kind::Sent).end() + 1, *numbers(Kind::Delivered).start());
    }

    #[test]
    fn text_is_cut_at_a_character_and_holds_no_nul() {
        assert_eq!(kept("a\0b"), "a\u{fffd}b");
        let long = "x".repeat(LONGEST - 1) + "ä";
        assert_eq!(kept(&long), "x".repeat(LONGEST - 1));
        assert_eq!(number(&fact("a", "1", "\0")), number(&fact("a", "1", "\u{fffd}")));
    }
}
