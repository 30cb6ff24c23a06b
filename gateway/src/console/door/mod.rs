//! Who may see the console, and which forms are its own.
//!
//! Without administrators it is open on a loopback address, to requests for a loopback host alone: a page of another site
//! that has its name point here (DNS rebinding) asks for a host of its own. With administrators there is a session, which
//! begins with an administrator's key, or the key itself in a field as for the rest of the admin API.
//!
//! A form is ours when it holds the token that was written into the page: made of the session's name, or of the process's
//! secret where there is no session.

mod attempts;
mod cookies;
mod sessions;

use std::sync::{Arc, OnceLock};

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, Request};
use jiff::Timestamp;
use sluice_config::plan::KeyHash;
use subtle::ConstantTimeEq;

use super::pairs::Pairs;
use crate::auth::admin::{Administrators, Stranger};
use crate::auth::keys::Hasher;
use crate::edition::Edition;
use crate::here::{self, Sender};
use crate::refusal::{Kind, Refusal};
use crate::serve::Peer;
use attempts::Attempts;
use sessions::Sessions;

pub(super) use cookies::{LOGIN, SESSION, cookie, expired};
pub(super) use sessions::SessionId;

/// The name of the field of a form that holds its token.
pub(super) const TOKEN: &str = "token";

/// Who may see the console.
#[derive(Debug, Default)]
pub(super) struct Door {
    secret: OnceLock<Hasher>,
    sessions: Sessions,
    attempts: Attempts,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Whoever reaches a loopback address, where there are no administrators.
    Anyone,
    /// An administrator.
    Administrator {
        /// Its name.
        name: Arc<str>,
        /// Its session; none of one who sends a key with each request.
        session: Option<SessionId>,
    },
}

/// Why somebody does not come in.
#[derive(Debug)]
pub(super) enum Turned {
    /// Nobody has logged in.
    Unknown(Stranger),
    /// The request is not for this host.
    Misdirected(Refusal),
}

/// What is known of a request before its body is read.
pub(super) struct Arrival<'a> {
    /// The running edition.
    pub(super) edition: &'a Arc<Edition>,
    /// Between whom its connection is.
    pub(super) peer: &'a Peer,
    /// The host that it is for, as it was written; empty where it names none.
    pub(super) host: String,
    /// Its fields.
    pub(super) headers: HeaderMap,
    /// When.
    pub(super) now: Timestamp,
}

impl<'a> Arrival<'a> {
    /// Of a request.
    ///
    /// # Errors
    /// It names no host that can be read.
    pub(super) fn of<B>(
        edition: &'a Arc<Edition>,
        peer: &'a Peer,
        request: &Request<B>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            edition,
            peer,
            host: here::host(request)?,
            headers: request.headers().clone(),
            now,
        })
    }

    /// Those who may come in; none where anyone may.
    pub(super) fn administrators(&self) -> Option<&'a Administrators> {
        self.edition.guard.auth.admin.as_ref()
    }

    /// Whether its connection is TLS.
    pub(super) fn is_secured(&self) -> bool {
        self.peer.secured.is_some()
    }

    /// Whether it is for a loopback host, or the address that is listened on.
    fn is_for_here(&self) -> bool {
        here::is_here(&self.host, self.peer, self.edition.plan.admin)
    }
}

impl Door {
    /// Who asks.
    ///
    /// # Errors
    /// Nobody who may.
    pub(super) fn admit(&self, arrival: &Arrival<'_>) -> Result<Caller, Turned> {
        let Some(administrators) = arrival.administrators() else {
            return open(arrival);
        };
        if let Some((session, key)) = self.session(arrival)
            && let Ok(name) = administrators.holder(&key, arrival.now)
        {
            let session = Some(session);
            return Ok(Caller::Administrator { name, session });
        }
        let name = administrators.recognise(&arrival.headers, arrival.now);
        name.map(|name| Caller::Administrator { name, session: None })
            .map_err(Turned::Unknown)
    }

    fn session(&self, arrival: &Arrival<'_>) -> Option<(SessionId, KeyHash)> {
        let id = SessionId::read(cookies::read(&arrival.headers, SESSION)?)?;
        let key = self.sessions.key(&id, arrival.now)?;
        Some((id, key))
    }

    /// The token for the forms of a page.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(super) fn token(&self, caller: &Caller) -> Result<String, Refusal> {
        match caller {
            Caller::Anyone => self.bound(b"anyone", &[]),
            Caller::Administrator { session, .. } => {
                let session = session.as_ref().map_or(&[][..], SessionId::bytes);
                self.bound(b"session", session)
            }
        }
    }

    /// Whether a form comes from a page that was written for this caller.
    ///
    /// # Errors
    /// It does not, or nobody can say.
    pub(super) fn judge(&self, arrival: &Arrival<'_>, caller: &Caller, form: &Pairs) -> Result<(), Refusal> {
        from_here(arrival)?;
        // No other site makes a browser send a field with a key.
        if matches!(caller, Caller::Administrator { session: None, .. }) {
            return Ok(());
        }
        same(&self.token(caller)?, form.get(TOKEN))
    }

    /// What the form of the login page is bound to: the cookie that is there already, or a new one; and the form's token.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(super) fn login_form(&self, arrival: &Arrival<'_>) -> Result<(SessionId, String), Refusal> {
        let known = cookies::read(&arrival.headers, LOGIN).and_then(SessionId::read);
        let bound = known.or_else(SessionId::random).ok_or_else(no_randomness)?;
        let token = self.bound(b"login", bound.bytes())?;
        Ok((bound, token))
    }

    /// Begins a session, for an administrator's key in the form of the login page. Gives its name, and whose key it is.
    ///
    /// # Errors
    /// A form of another page, too many tries, or a key that is none.
    pub(super) fn log_in(
        &self,
        arrival: &Arrival<'_>,
        administrators: &Administrators,
        form: &Pairs,
    ) -> Result<(SessionId, Arc<str>), Denied> {
        from_here(arrival)?;
        let bound = cookies::read(&arrival.headers, LOGIN).and_then(SessionId::read);
        let bound = bound.ok_or_else(forged)?;
        same(&self.bound(b"login", bound.bytes())?, form.get(TOKEN))?;
        let from = arrival.peer.remote.ip();
        let crowded = self.attempts.begin(from, arrival.now).map_err(too_many)?;
        let key = form.get("key").trim().as_bytes();
        let judged = administrators.judge(key, arrival.now);
        let (name, key) = judged.map_err(|stranger| match crowded {
            Some(seconds) => too_many(seconds).into(),
            None => Denied::Stranger(stranger),
        })?;
        let id = SessionId::random().ok_or_else(no_randomness)?;
        self.attempts.succeeded(from);
        self.sessions.begin(&id, key, arrival.now);
        Ok((id, name))
    }

    /// Ends a session.
    pub(super) fn log_out(&self, session: &SessionId) {
        self.sessions.end(session);
    }

    /// A token that only this process makes for this purpose.
    fn bound(&self, purpose: &[u8], to: &[u8]) -> Result<String, Refusal> {
        let secret = match self.secret.get() {
            Some(secret) => secret,
            None => {
                let mut bytes = [0; 32];
                getrandom::fill(&mut bytes).map_err(|_| no_randomness())?;
                self.secret.get_or_init(|| Hasher::new(&bytes))
            }
        };
        let hash = secret.hash(&[purpose, b" ", to].concat());
        Ok(hash.0.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Why there is no session.
#[derive(Debug)]
pub(super) enum Denied {
    /// A key that is none.
    Stranger(Stranger),
    /// Whatever the key.
    Refused(Refusal),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Where there are no administrators.
fn open(arrival: &Arrival<'_>) -> Result<Caller, Turned> {
    // The socket may have been opened for a configuration that had administrators.
    if !arrival.peer.local.ip().to_canonical().is_loopback() {
        return Err(Turned::Unknown(Stranger {
            reason: "no_administrators",
            name: None,
        }));
    }
    if !arrival.is_for_here() {
        return Err(Turned::Misdirected(here::misdirected("the console")));
    }
    Ok(Caller::Anyone)
}

/// Whether the browser says that a form comes from a page of this host. One that says nothing is judged by the token
/// alone.
fn from_here(arrival: &Arrival<'_>) -> Result<(), Refusal> {
    match here::sender(&arrival.headers, &arrival.host) {
        Sender::Unsaid | Sender::Here | Sender::Hidden => Ok(()),
        Sender::Nobody | Sender::Elsewhere => Err(forged()),
    }
}

fn same(expected: &str, given: &str) -> Result<(), Refusal> {
    if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        Ok(())
    } else {
        Err(forged())
    }
}

fn forged() -> Refusal {
    let detail = "nothing was done: the form came from another site, or from a page that is older than the process or the session; open the page again and send the form from there";
    Refusal::new(Kind::ForgedForm, detail)
}

fn too_many(seconds: u32) -> Refusal {
    let detail = format!("too many tries to log in; the next one is taken in {seconds} s");
    Refusal::new(Kind::RateLimited, detail).field(http::header::RETRY_AFTER, HeaderValue::from(seconds))
}

fn no_randomness() -> Refusal {
    Refusal::new(Kind::Internal, "the system has no randomness")
}

/// What a stranger is answered.
pub(super) fn unknown() -> Refusal {
    let detail = "the console needs an administrator: log in at /console/login, or send a key in Authorization: Bearer or X-API-Key";
    let challenge = HeaderValue::from_static("Bearer realm=\"sluice admin\"");
    Refusal::new(Kind::Unauthenticated, detail).field(WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests;
