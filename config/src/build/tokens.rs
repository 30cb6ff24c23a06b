//! Tokens: key sets, issuers, audiences; introspection endpoints.

use std::path::PathBuf;
use std::time::Duration;

use super::judge::Judge;
use super::{remote, secrets};
use crate::diagnostic::Code;
use crate::plan::{ClaimsPlan, IntrospectionPlan, JwtPlan, KeySetPlan, KeySource, NamedFile, Remote, Secret};
use crate::raw::{RawIntrospection, RawJwt, RawReach};

/// The shortest time between two readings of a key set: a slip in the unit must not become a flood.
const LEAST_REFRESH: Duration = Duration::from_secs(1);
/// The most that clocks may be apart: a token that is accepted an hour after its end has no end.
const MOST_LEEWAY: Duration = Duration::from_secs(600);

/// Judges the settings of a scheme of JSON Web Tokens at `pointer`.
pub(super) fn jwt(judge: &mut Judge<'_>, pointer: &str, raw: &RawJwt) -> Option<JwtPlan> {
    let keys = key_set(judge, pointer, raw);
    let claims = claims(
        judge,
        pointer,
        ClaimsPlan {
            issuer: Some(raw.issuer.clone()),
            audience: raw.audience.clone(),
            leeway: Duration::ZERO,
            subject: raw.subject.clone(),
            scopes: raw.scopes.clone(),
        },
        &raw.leeway,
    );
    Some(JwtPlan {
        keys: keys?,
        claims: claims?,
        algorithms: raw.algorithms.clone(),
    })
}

/// Judges the settings of a scheme of introspection at `pointer`.
pub(super) fn introspection(
    judge: &mut Judge<'_>,
    pointer: &str,
    raw: &RawIntrospection,
) -> Option<IntrospectionPlan> {
    let remote = remote(judge, pointer, &format!("{pointer}/url"), &raw.url, &raw.reach);
    let secret = secret(judge, pointer, raw);
    let cache = judge.duration(&format!("{pointer}/cache"), &raw.cache);
    let claims = claims(
        judge,
        pointer,
        ClaimsPlan {
            issuer: raw.issuer.clone(),
            audience: raw.audience.clone(),
            leeway: Duration::ZERO,
            subject: raw.subject.clone(),
            scopes: raw.scopes.clone(),
        },
        &raw.leeway,
    );
    Some(IntrospectionPlan {
        remote: remote?,
        client: raw.client.clone(),
        secret: secret?,
        cache: cache?,
        claims: claims?,
    })
}

fn key_set(judge: &mut Judge<'_>, pointer: &str, raw: &RawJwt) -> Option<KeySetPlan> {
    let at = format!("{pointer}/jwks");
    let source = if raw.jwks.contains("://") {
        remote(judge, pointer, &at, &raw.jwks, &raw.reach).map(KeySource::Remote)
    } else {
        Some(KeySource::File(named(judge, &at, &raw.jwks)))
    };
    let refresh = between(
        judge,
        &format!("{pointer}/refresh"),
        &raw.refresh,
        LEAST_REFRESH,
        Duration::MAX,
    );
    let at = format!("{pointer}/unknown_key");
    let unknown_key = between(judge, &at, &raw.unknown_key, LEAST_REFRESH, Duration::MAX);
    Some(KeySetPlan {
        source: source?,
        refresh: refresh?,
        unknown_key: unknown_key?,
    })
}

fn claims(judge: &mut Judge<'_>, pointer: &str, claims: ClaimsPlan, leeway: &str) -> Option<ClaimsPlan> {
    let leeway = between(
        judge,
        &format!("{pointer}/leeway"),
        leeway,
        Duration::ZERO,
        MOST_LEEWAY,
    )?;
    Some(ClaimsPlan { leeway, ..claims })
}

fn remote(judge: &mut Judge<'_>, pointer: &str, at: &str, url: &str, reach: &RawReach) -> Option<Remote> {
    let written = remote::Written {
        at,
        reach_at: &format!("{pointer}/reach"),
        peril: "forge what it answers",
        url,
        reach,
    };
    remote::build(judge.tree, &written, judge.faults)
}

fn secret(judge: &mut Judge<'_>, pointer: &str, raw: &RawIntrospection) -> Option<Secret> {
    match (&raw.secret, &raw.secret_file) {
        (Some(secret), None) => {
            secrets::value(judge.tree, &format!("{pointer}/secret"), secret, judge.faults)
        }
        (None, Some(path)) => Some(secrets::file(judge.tree, &format!("{pointer}/secret_file"), path)),
        _ => {
            let message = "the gateway needs exactly one of `secret` and `secret_file` to say who asks";
            let hint = "write `secret: \"${INTROSPECTION_SECRET}\"`".to_owned();
            judge.fault(Code::BadSettings, pointer, message, Some(hint));
            None
        }
    }
}

fn named(judge: &Judge<'_>, at: &str, path: &str) -> NamedFile {
    NamedFile {
        path: PathBuf::from(path),
        place: judge.place(at),
    }
}

fn between(judge: &mut Judge<'_>, at: &str, text: &str, least: Duration, most: Duration) -> Option<Duration> {
    super::between(judge.tree, at, text, (least, most), judge.faults)
}
