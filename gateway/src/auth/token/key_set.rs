//! A key set (RFC 7517 §5): the keys that are used, and why others are not.

use sluice_config::plan::Algorithm;
use sluice_transforms::value::Value;

use super::jwk::{Key, KeyFault};
use super::{Print, json, print};

/// The largest key set, in bytes.
pub const MOST_BYTES: usize = 1 << 20;
/// The most keys in a set.
pub const MOST_KEYS: usize = 100;

/// The keys of an issuer.
#[derive(Debug)]
pub struct KeySet {
    keys: Vec<Key>,
    /// Those that are not used, by their place in the set, and why.
    pub left: Vec<(usize, KeyFault)>,
    /// What tells it from another set.
    pub print: Print,
}

impl KeySet {
    /// Reads a set. A key that cannot be used is left out (RFC 7517 §5).
    ///
    /// # Errors
    /// It is no key set.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MOST_BYTES {
            return Err("it is larger than 1 MiB".to_owned());
        }
        let set = json::object(bytes)?;
        let Some(listed) = set.get("keys").and_then(Value::as_list) else {
            return Err("it has no list `keys`".to_owned());
        };
        if listed.len() > MOST_KEYS {
            return Err(format!("it has more than {MOST_KEYS} keys"));
        }
        let mut found = Self {
            keys: Vec::new(),
            left: Vec::new(),
            print: print(bytes),
        };
        for (place, jwk) in listed.iter().enumerate() {
            match jwk.as_object().ok_or(KeyFault::Malformed).and_then(Key::read) {
                Ok(key) => found.keys.push(key),
                Err(fault) => found.left.push((place, fault)),
            }
        }
        Ok(found)
    }

    /// How many keys are used.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key is used.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a key of this name is in the set, whatever it is for.
    pub fn names(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The one key that a token of this algorithm may be signed with. A token that names no key is verified by the only
    /// one that fits; a key without a name is for tokens that name none. Where two would fit, neither is taken.
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        let named = |key: &&Key| kid.is_none_or(|kid| key.kid.as_deref() == Some(kid));
        let mut fit = self.keys.iter().filter(named).filter(|key| key.fits(algorithm));
        fit.next().filter(|_| fit.next().is_none())
    }
}
