//! Administrators: whoever has a key of `admin_access`.

use std::collections::HashMap;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use sluice_config::plan::{AdminAccess, KeyHash};

use super::keys::{self, Hasher};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Those who may use the admin API.
#[derive(Debug)]
pub struct Administrators {
    hasher: Hasher,
    keys: HashMap<KeyHash, (Arc<str>, Option<Timestamp>)>,
}

/// Why somebody is no administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Why, as one word.
    pub reason: &'static str,
    /// Whose key it is, where it is one.
    pub name: Option<Arc<str>>,
}

impl Administrators {
    pub(crate) fn new(access: &AdminAccess, hasher: Hasher) -> Self {
        let keys = access.keys.iter();
        Self {
            hasher,
            keys: keys
                .map(|admin| (admin.key.hash, (Arc::clone(&admin.name), admin.key.expires)))
                .collect(),
        }
    }

    /// Who asks. The key is looked up by its keyed hash: how long that takes says nothing of it.
    ///
    /// # Errors
    /// No key, several, an unknown one, or one that has expired.
    pub fn recognise(&self, headers: &HeaderMap, now: Timestamp) -> Result<Arc<str>, Stranger> {
        let bearer = headers.get_all(AUTHORIZATION).iter().map(|line| {
            let text = line.as_bytes();
            let named = text
                .get(..7)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
            if named { text[7..].trim_ascii() } else { b"" }
        });
        let plain = headers.get_all(X_API_KEY).iter().map(|line| line.as_bytes());
        let mut sent = bearer.chain(plain);
        let key = match (sent.next(), sent.next()) {
            (None, _) => return Err(stranger("absent")),
            (Some(_), Some(_)) => return Err(stranger("duplicate")),
            (Some(key), None) => key,
        };
        self.judge(key, now).map(|(name, _)| name)
    }

    /// Whose key this is, and its keyed hash.
    ///
    /// # Errors
    /// An unknown key, or one that has expired.
    pub fn judge(&self, key: &[u8], now: Timestamp) -> Result<(Arc<str>, KeyHash), Stranger> {
        if key.len() > keys::LONGEST {
            return Err(stranger("unknown_key"));
        }
        let hash = self.hasher.hash(key);
        self.holder(&hash, now).map(|name| (name, hash))
    }

    /// Whose key has this keyed hash: it may have been taken away, or have expired, since it was judged.
    ///
    /// # Errors
    /// As of [`Administrators::judge`].
    pub fn holder(&self, hash: &KeyHash, now: Timestamp) -> Result<Arc<str>, Stranger> {
        match self.keys.get(hash) {
            None => Err(stranger("unknown_key")),
            Some((name, Some(expires))) if now >= *expires => Err(Stranger {
                reason: "expired",
                name: Some(Arc::clone(name)),
            }),
            Some((name, _)) => Ok(Arc::clone(name)),
        }
    }
}

fn stranger(reason: &'static str) -> Stranger {
    Stranger { reason, name: None }
}
