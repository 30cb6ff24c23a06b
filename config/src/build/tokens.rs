//! Tokens: key sets, issuers, audiences; introspection endpoints.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;

use super::judge::Judge;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{
    ClaimsPlan, IntrospectionPlan, JwtPlan, KeySetPlan, KeySource, NamedFile, Remote, Secret, is_host_name,
    is_link_local,
};
use crate::raw::{RawIntrospection, RawJwt, RawReach};

/// The shortest time between two readings of a key set: a slip in the unit must not become a flood.
const LEAST_REFRESH: Duration = Duration::from_secs(1);
/// The most that clocks may be apart: a token that is accepted an hour after its end has no end.
const MOST_LEEWAY: Duration = Duration::from_secs(600);
/// The longest exchange with an identity server: clients wait for it.
const MOST_TIMEOUT: Duration = Duration::from_secs(60);

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
    let address = address(judge, at, url, reach);
    let timeout = format!("{pointer}/reach/timeout");
    let timeout = between(
        judge,
        &timeout,
        &reach.timeout,
        Duration::from_millis(1),
        MOST_TIMEOUT,
    );
    let authorities = reach.authorities.as_deref();
    address?;
    Some(Remote {
        url: url.to_owned(),
        timeout: timeout?,
        authorities: authorities.map(|path| named(judge, &format!("{pointer}/reach/authorities"), path)),
        plain_http: reach.plain_http,
        link_local: reach.link_local,
        place: judge.place(at),
    })
}

/// Judges an address. What it resolves to is judged when it is asked.
fn address(judge: &mut Judge<'_>, at: &str, url: &str, reach: &RawReach) -> Option<()> {
    let refuse = |judge: &mut Judge<'_>, why: &str, hint: &str| {
        let message = format!("`{}` cannot be asked: {why}", judge.tree.shown(at));
        judge.fault(Code::BadUrl, at, message, Some(hint.to_owned()));
        None
    };
    let form = "write `https://HOST/PATH`, without a user, a password and a fragment";
    if url.contains('@') {
        return refuse(judge, "a user and a password stand in it", form);
    }
    let uri: Option<Uri> = url.parse().ok().filter(|_| !url.contains(['#', '\\']));
    let Some(host) = uri.as_ref().and_then(Uri::host) else {
        return refuse(judge, "it is no address of a server", form);
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let number: Option<IpAddr> = bare.parse().ok();
    if number.is_none() && !is_host_name(bare) {
        return refuse(judge, "its host is neither a name nor an address", form);
    }
    if number.is_some_and(is_link_local) && !reach.link_local {
        let hint = "name another address, or write `reach: {link_local: true}` if it is meant";
        return refuse(
            judge,
            "it is a link-local address, where clouds hand out credentials",
            hint,
        );
    }
    let scheme = uri.as_ref().and_then(Uri::scheme);
    let local = bare == "localhost" || number.is_some_and(|n| n.to_canonical().is_loopback());
    if scheme == Some(&Scheme::HTTP) && !local && !reach.plain_http {
        let hint = "write `https://`, or `reach: {plain_http: true}` if the way to it is safe";
        return refuse(
            judge,
            "over plain HTTP, whoever is on the way can forge what it answers",
            hint,
        );
    }
    if scheme != Some(&Scheme::HTTP) && scheme != Some(&Scheme::HTTPS) {
        return refuse(judge, "it is neither `https://` nor `http://`", form);
    }
    Some(())
}

fn secret(judge: &mut Judge<'_>, pointer: &str, raw: &RawIntrospection) -> Option<Secret> {
    match (&raw.secret, &raw.secret_file) {
        (Some(secret), None) => {
            let at = format!("{pointer}/secret");
            if judge.tree.written.contains_key(&at) {
                return Some(Secret::Value(secret.as_str().into(), judge.place(&at)));
            }
            // It is not shown, not even by the line that it stands on.
            let message = format!(
                "`{}` holds the secret itself, for everyone who may read the file",
                &at[1..].replace('/', ".")
            );
            let hint = "write `secret: \"${INTROSPECTION_SECRET}\"`, or name a file: `secret_file`";
            judge
                .faults
                .push(Diagnostic::new(Code::BadSettings, &judge.tree.file, None, message).hint(hint));
            None
        }
        (None, Some(path)) => Some(Secret::File(named(
            judge,
            &format!("{pointer}/secret_file"),
            path,
        ))),
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
    let duration = judge.duration(at, text)?;
    if duration < least || duration > most {
        let message = match most {
            Duration::MAX => format!("`{}` is less than {least:?}", judge.tree.shown(at)),
            most => format!("`{}` is not between {least:?} and {most:?}", judge.tree.shown(at)),
        };
        judge.fault(Code::OutOfRange, at, message, None);
        return None;
    }
    Some(duration)
}
