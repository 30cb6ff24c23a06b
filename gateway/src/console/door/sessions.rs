//! Who has logged in. A session is named by 256 random bits; only their hash is kept.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use sluice_config::plan::KeyHash;

/// A session that nobody uses ends after this.
const IDLE: SignedDuration = SignedDuration::from_mins(60);
/// Every session ends after this.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(12);
/// Beyond so many, the one that was unused for the longest goes.
const MOST: usize = 256;

/// The name of a session: what its cookie holds, in hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::console) struct SessionId([u8; 32]);

/// Every session.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

/// A session.
#[derive(Clone, Debug)]
struct Session {
    /// The key that it was begun with: when that counts no more, neither does the session.
    key: KeyHash,
    begun: Timestamp,
    used: Timestamp,
}

impl SessionId {
    /// A new one; `None` when the system has no randomness.
    pub(super) fn random() -> Option<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// As a cookie holds it.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// As a cookie holds it.
    pub(in crate::console) fn text(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Its bytes, to bind tokens to it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl std::fmt::Debug for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionId(…)")
    }
}

impl Sessions {
    /// Begins a session.
    pub(super) fn begin(&self, id: &SessionId, key: KeyHash, now: Timestamp) {
        let mut all = self.lock();
        all.retain(|_, session| session.is_alive(now));
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, session)| session.used);
            let oldest = oldest.map(|(id, _)| *id);
            oldest.and_then(|id| all.remove(&id));
        }
        let (begun, used) = (now, now);
        all.insert(id.hash(), Session { key, begun, used });
    }

    /// The key of a session that is alive; it is used by this.
    pub(super) fn key(&self, id: &SessionId, now: Timestamp) -> Option<KeyHash> {
        let mut all = self.lock();
        let session = all.get_mut(&id.hash())?;
        if !session.is_alive(now) {
            all.remove(&id.hash());
            return None;
        }
        session.used = now;
        Some(session.key)
    }

    /// Ends a session.
    pub(super) fn end(&self, id: &SessionId) {
        self.lock().remove(&id.hash());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_alive(&self, now: Timestamp) -> bool {
        now.duration_since(self.used) < IDLE && now.duration_since(self.begun) < LONGEST
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const KEY: KeyHash = KeyHash([7; 32]);

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
    }

    #[test]
    fn a_session_ends_when_unused_and_in_any_case() {
        let sessions = Sessions::default();
        let [one, other] = [(); 2].map(|()| SessionId::random().unwrap());
        sessions.begin(&one, KEY, at(0));
        sessions.begin(&other, KEY, at(0));
        for minute in (30..12 * 60).step_by(30) {
            assert_eq!(sessions.key(&one, at(minute)), Some(KEY));
        }
        assert_eq!(sessions.key(&one, at(12 * 60)), None);
        assert_eq!(sessions.key(&other, at(60)), None);
    }

    #[test]
    fn a_name_reads_as_it_was_written_and_nothing_else_does() {
        let id = SessionId::random().unwrap();
        assert_eq!(SessionId::read(&id.text()), Some(id.clone()));
        for wrong in [
            "",
            "ab",
            &"g".repeat(64),
            &"é".repeat(32),
            &id.text()[1..],
            "+f".repeat(32).as_str(),
        ] {
            assert_eq!(SessionId::read(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{id:?}"), "SessionId(…)");
    }

    #[test]
    fn there_is_a_most() {
        let sessions = Sessions::default();
        let ids: Vec<SessionId> = (0..MOST + 1).map(|_| SessionId::random().unwrap()).collect();
        for (second, id) in ids.iter().enumerate() {
            sessions.begin(id, KEY, at(0) + SignedDuration::from_secs(second as i64));
        }
        let later = at(5);
        assert_eq!(sessions.key(&ids[0], later), None);
        assert!(ids[1..].iter().all(|id| sessions.key(id, later) == Some(KEY)));
        sessions.end(&ids[1]);
        assert_eq!(sessions.key(&ids[1], later), None);
    }
}
