//! What a token must say (RFC 7519 §4.1), whoever vouches for it: a signature or an authorization server.

use jiff::Timestamp;
use sluice_config::plan::ClaimsPlan;
use sluice_transforms::value::{Object, Value};

use super::json;
use crate::auth::found::Proof;

/// The longest name of a subject.
const MOST_SUBJECT: usize = 512;
/// Seconds beyond which a date is none: the year 9999.
const LAST: f64 = 253_402_207_200.0;

/// What a token proves, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Whom it names.
    pub proof: Proof,
    /// Its `exp`, in seconds since 1970.
    pub ends: Option<i64>,
}

/// Judges what a token says. The error is a sentence for the client.
///
/// # Errors
/// What is missing or wrong.
pub fn judge(plan: &ClaimsPlan, claims: &Object, now: Timestamp) -> Result<Claims, String> {
    let ends = dates(plan, claims, now)?;
    parties(plan, claims)?;
    let subject = json::text(claims, &plan.subject).ok().flatten();
    let fits = |subject: &String| !subject.is_empty() && subject.len() <= MOST_SUBJECT;
    let Some(subject) = subject.filter(fits) else {
        return Err(format!(
            "the token does not say in `{}` whom it is for",
            plan.subject
        ));
    };
    let proof = Proof {
        subject,
        scopes: scopes(plan, claims)?,
    };
    Ok(Claims { proof, ends })
}

/// Whether a token that ends then has ended.
pub fn has_ended(plan: &ClaimsPlan, ends: i64, now: Timestamp) -> bool {
    now.as_second() >= ends.saturating_add(leeway(plan))
}

fn leeway(plan: &ClaimsPlan) -> i64 {
    i64::try_from(plan.leeway.as_secs()).unwrap_or(i64::MAX)
}

fn dates(plan: &ClaimsPlan, claims: &Object, now: Timestamp) -> Result<Option<i64>, String> {
    let ends = date(claims, "exp")?.map(|exp| exp.floor() as i64);
    if ends.is_some_and(|ends| has_ended(plan, ends, now)) {
        return Err("the token has expired".to_owned());
    }
    let latest = now.as_second().saturating_add(leeway(plan));
    for (name, why) in [
        ("nbf", "the token is not valid yet"),
        ("iat", "the token was issued in the future"),
    ] {
        if date(claims, name)?.is_some_and(|from| from.ceil() as i64 > latest) {
            return Err(why.to_owned());
        }
    }
    Ok(ends)
}

/// A date (RFC 7519 §2): seconds since 1970, which may have a fraction.
fn date(claims: &Object, name: &str) -> Result<Option<f64>, String> {
    let read = |value: &Value| match value {
        Value::Number(number) => number.raw().parse::<f64>().ok().filter(|n| n.abs() <= LAST),
        _ => None,
    };
    let fault = || format!("the token's `{name}` is no date: a number of seconds since 1970");
    claims
        .get(name)
        .map(|value| read(value).ok_or_else(fault))
        .transpose()
}

fn parties(plan: &ClaimsPlan, claims: &Object) -> Result<(), String> {
    let issuer = || json::text(claims, "iss").ok().flatten();
    if plan
        .issuer
        .as_ref()
        .is_some_and(|expected| issuer().as_ref() != Some(expected))
    {
        return Err("the token is of another issuer (`iss`)".to_owned());
    }
    let audience = || json::texts(claims, "aud").ok().flatten().unwrap_or_default();
    if !plan.audience.is_empty() && !audience().iter().any(|named| plan.audience.contains(named)) {
        return Err("the token is for another audience (`aud`)".to_owned());
    }
    Ok(())
}

fn scopes(plan: &ClaimsPlan, claims: &Object) -> Result<Vec<String>, String> {
    let named = plan.scopes.as_deref();
    let name = named.unwrap_or(if claims.get("scope").is_some() {
        "scope"
    } else {
        "scp"
    });
    let texts = json::texts(claims, name)
        .map_err(|_| format!("the token's `{name}` is neither a text nor a list of texts"))?;
    let each = texts.iter().flatten().flat_map(|text| text.split(' '));
    Ok(each
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect())
}
