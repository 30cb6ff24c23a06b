//! The schemes, each judging its own credential.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use sluice_config::plan::{KeyPlace, SchemePlan};

use super::found::{Found, Proof};
use super::holders::Holders;
use super::keys::{self, Hasher};
use super::passwords::Passwords;
use super::token::{Introspection, Jwt};
use super::verdict::{Proved, Verdict, Wrong};
use super::{basic, certificate};
use crate::clock::Clock;
use crate::fields::target::Pair;
use crate::serve::Peer;

/// What a request is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Its fields.
    pub headers: &'a HeaderMap,
    /// Its query.
    pub query: &'a [Pair],
    /// Its connection.
    pub peer: &'a Peer,
}

/// What credentials are judged with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means<'a> {
    pub(super) holders: &'a Holders,
    pub(super) hasher: Option<&'a Hasher>,
    pub(super) passwords: &'a Passwords,
    pub(super) clock: Clock,
}

/// A scheme at work.
#[derive(Clone, Debug)]
pub struct Scheme {
    /// What it is made from.
    pub plan: SchemePlan,
    tokens: Option<Tokens>,
}

#[derive(Clone, Debug)]
pub(super) enum Tokens {
    Jwt(Arc<Jwt>),
    Introspection(Arc<Introspection>),
}

impl Scheme {
    pub(super) fn new(plan: &SchemePlan, tokens: Option<Tokens>) -> Self {
        Self {
            plan: plan.clone(),
            tokens,
        }
    }

    /// Judges a credential that needs no waiting; `None` for the others.
    pub(super) fn judge_at_once(&self, request: &Presented<'_>, means: &Means<'_>) -> Option<Verdict> {
        match &self.plan {
            SchemePlan::ApiKey(place) => Some(api_key(place, request, means)),
            SchemePlan::Certificate => Some(certificate::judge(request.peer, means)),
            _ if !request.headers.contains_key(AUTHORIZATION) => Some(Verdict::Absent),
            _ => None,
        }
    }

    /// Judges a credential that may need a fetch or a password's hash.
    pub(super) async fn judge(&self, request: &Presented<'_>, means: &Means<'_>) -> Verdict {
        let basic = matches!(self.plan, SchemePlan::Basic { .. });
        let name = self.plan.name();
        let credential = match authorization(request.headers, if basic { "basic" } else { "bearer" }) {
            Ok(Some(credential)) => credential,
            Ok(None) => return Verdict::Absent,
            Err(detail) => return Wrong::new(name, "malformed", detail).into(),
        };
        let now = means.clock.now();
        let found = match &self.tokens {
            None => return basic::judge(credential, means, now).await,
            Some(Tokens::Jwt(jwt)) => jwt.judge(credential, now).await,
            Some(Tokens::Introspection(introspection)) => introspection.judge(credential, now).await,
        };
        of_token(found, name, means.holders)
    }
}

/// The credential of `Authorization`, if its scheme is this one (RFC 9110 §11.4).
fn authorization<'h>(headers: &'h HeaderMap, scheme: &str) -> Result<Option<&'h str>, &'static str> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err("Authorization stands several times");
    }
    let text = line
        .to_str()
        .map_err(|_| "Authorization holds bytes that no credential has")?;
    let (named, credential) = text.split_once(' ').unwrap_or((text, ""));
    if !named.eq_ignore_ascii_case(scheme) {
        return Ok(None);
    }
    let credential = credential.trim_matches(' ');
    if credential.is_empty() || credential.contains([' ', ',']) {
        return Err("Authorization does not hold one credential");
    }
    Ok(Some(credential))
}

/// Whom a judged token names.
fn of_token(found: Found, scheme: &'static str, holders: &Holders) -> Verdict {
    let Proof { subject, scopes } = match found {
        Found::Wrong(detail) => return Wrong::new(scheme, "invalid_token", detail).into(),
        Found::Unavailable(detail) => return Verdict::Unavailable(detail),
        Found::Proved(proof) => proof,
    };
    match holders.subject(&subject) {
        Some(consumer) => Verdict::Proved(Proved {
            consumer,
            subject: Some(Arc::from(subject)),
            scopes,
            scheme,
        }),
        None => {
            let detail = "the token is good, and its subject is no consumer";
            let wrong = Wrong::new(scheme, "unknown_subject", detail);
            wrong.note("subject", subject).into()
        }
    }
}

fn api_key(place: &KeyPlace, request: &Presented<'_>, means: &Means<'_>) -> Verdict {
    let wrong = |reason, detail: String| Wrong::new("api_key", reason, detail);
    let key = match place {
        KeyPlace::Header(name) => once(request.headers, name),
        KeyPlace::Query(name) => {
            let mut pairs = request.query.iter().filter(|pair| pair.name == *name);
            match (pairs.next(), pairs.next()) {
                (None, _) => Ok(None),
                (Some(pair), None) => Ok(Some(pair.value.as_bytes())),
                (Some(_), Some(_)) => Err(format!("{name} stands several times in the query")),
            }
        }
    };
    let key = match key {
        Ok(Some(key)) => key,
        Ok(None) => return Verdict::Absent,
        Err(detail) => return wrong("duplicate", detail).into(),
    };
    let hashed = means
        .hasher
        .filter(|_| key.len() <= keys::LONGEST)
        .map(|hasher| hasher.hash(key));
    match hashed.and_then(|hash| means.holders.key(hash)) {
        None => wrong("unknown_key", "the API key is not known".to_owned()).into(),
        Some((consumer, Some(expires))) if expired(expires, means.clock) => {
            let detail = format!("the API key expired at {expires}");
            Verdict::Wrong(wrong("expired", detail).of(consumer))
        }
        Some((consumer, _)) => Verdict::Proved(Proved {
            consumer,
            subject: None,
            scopes: Vec::new(),
            scheme: "api_key",
        }),
    }
}

fn expired(expires: Timestamp, clock: Clock) -> bool {
    clock.now() >= expires
}

/// The value of a field that may stand once.
fn once<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h [u8]>, String> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(line), None) => Ok(Some(line.as_bytes())),
        (Some(_), Some(_)) => Err(format!("{name} stands several times")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(line: &'static str, scheme: &str) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static(line));
        authorization(&headers, scheme).map(|found| found.map(str::to_owned))
    }

    #[test]
    fn authorization_holds_one_credential() {
        assert_eq!(read("Bearer abc", "bearer"), Ok(Some("abc".to_owned())));
        assert_eq!(read("bEARER   abc  ", "bearer"), Ok(Some("abc".to_owned())));
        assert_eq!(read("Bearer abc", "basic"), Ok(None));
        assert_eq!(read("Bearerabc", "bearer"), Ok(None));
        for bad in ["Bearer", "Bearer ", "Bearer a b", "Bearer a, Basic b"] {
            assert!(read(bad, "bearer").is_err(), "{bad}");
        }
        let mut twice = HeaderMap::new();
        twice.append(AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        twice.append(AUTHORIZATION, HeaderValue::from_static("Basic b"));
        assert!(authorization(&twice, "bearer").is_err());
    }
}
