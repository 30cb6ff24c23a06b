//! `WWW-Authenticate` (RFC 9110 §11.6.1): what a client may prove itself by. A refusal names every scheme of its version.

use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use sluice_config::plan::{KeyPlace, SchemePlan};

use crate::refusal::Refusal;

/// What is wrong with a bearer token (RFC 6750 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault<'a> {
    /// There is none: nothing is said of it.
    None,
    /// It is wrong.
    Invalid(&'a str),
    /// It lacks these scopes.
    Scope(&'a str),
}

/// Adds a challenge for each of these schemes, each kind once.
pub(crate) fn challenge<'s>(
    refusal: Refusal,
    schemes: impl Iterator<Item = &'s SchemePlan>,
    api: &str,
    fault: TokenFault<'_>,
) -> Refusal {
    let mut told: Vec<String> = Vec::new();
    for scheme in schemes {
        let text = match scheme {
            SchemePlan::ApiKey(KeyPlace::Header(name)) => {
                format!("ApiKey realm={}, in=\"header\", name=\"{name}\"", quoted(api))
            }
            SchemePlan::ApiKey(KeyPlace::Query(name)) => {
                format!("ApiKey realm={}, in=\"query\", name=\"{name}\"", quoted(api))
            }
            SchemePlan::Basic { realm } => format!("Basic realm={}, charset=\"UTF-8\"", quoted(realm)),
            SchemePlan::Jwt(_) | SchemePlan::Introspection(_) => bearer(api, fault),
            // No scheme is registered for it, and a 401 has a challenge.
            SchemePlan::Certificate => format!("Certificate realm={}", quoted(api)),
        };
        if !told.contains(&text) {
            told.push(text);
        }
    }
    told.iter()
        .fold(refusal, |refusal, text| match HeaderValue::from_str(text) {
            Ok(value) => refusal.field(WWW_AUTHENTICATE, value),
            Err(_) => refusal,
        })
}

fn bearer(api: &str, fault: TokenFault<'_>) -> String {
    let realm = quoted(api);
    match fault {
        TokenFault::None => format!("Bearer realm={realm}"),
        TokenFault::Invalid(why) => {
            format!(
                "Bearer realm={realm}, error=\"invalid_token\", error_description={}",
                quoted(why)
            )
        }
        TokenFault::Scope(scopes) => {
            format!(
                "Bearer realm={realm}, error=\"insufficient_scope\", scope={}",
                quoted(scopes)
            )
        }
    }
}

/// A quoted string of what may stand in one; `error_description` takes no quotes and no backslashes at all.
fn quoted(text: &str) -> String {
    let inner: String = text
        .chars()
        .map(|c| match c {
            '"' | '\\' => '\'',
            ' '..='~' => c,
            _ => '?',
        })
        .collect();
    format!("\"{inner}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Kind;

    #[test]
    fn every_scheme_has_its_challenge_once() {
        let basic = |realm: &str| SchemePlan::Basic {
            realm: realm.to_owned(),
        };
        let schemes = [
            SchemePlan::ApiKey(KeyPlace::Header(http::HeaderName::from_static("x-api-key"))),
            basic("a \"b\""),
            basic("a \"b\""),
            SchemePlan::Certificate,
        ];
        let refusal = Refusal::new(Kind::Unauthenticated, "no");
        let answer = challenge(refusal, schemes.iter(), "todos", TokenFault::None).answer();
        let told: Vec<_> = answer.headers().get_all(WWW_AUTHENTICATE).iter().collect();
        assert_eq!(
            told,
            [
                "ApiKey realm=\"todos\", in=\"header\", name=\"x-api-key\"",
                "Basic realm=\"a 'b'\", charset=\"UTF-8\"",
                "Certificate realm=\"todos\"",
            ]
        );
    }

    #[test]
    fn a_bearer_token_is_told_what_is_wrong_with_it() {
        assert_eq!(bearer("todos", TokenFault::None), "Bearer realm=\"todos\"");
        assert_eq!(
            bearer("todos", TokenFault::Invalid("exp\n\"x\"")),
            "Bearer realm=\"todos\", error=\"invalid_token\", error_description=\"exp?'x'\""
        );
        assert_eq!(
            bearer("todos", TokenFault::Scope("a b")),
            "Bearer realm=\"todos\", error=\"insufficient_scope\", scope=\"a b\""
        );
    }
}
