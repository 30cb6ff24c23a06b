//! How an API's consumers are told apart: schemes, scopes, closed versions, and the fields that name the consumer.

use std::collections::BTreeMap;

use http::HeaderName;

use super::judge::Judge;
use super::{select, tokens};
use crate::diagnostic::Code;
use crate::plan::{
    Audience, AuthenticationPlan, CredentialPlaces, EntryPlan, IdentityPlan, KeyPlace, SchemePlan, ScopeRule,
    VersionId,
};
use crate::raw::{RawApiKey, RawAuthentication, RawScheme};

/// Fields that the gateway writes itself.
const OWN: [&str; 8] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-real-ip",
    "traceparent",
];

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<AuthenticationPlan> {
    let raw = judge.raw;
    let read = raw.authentication.iter().enumerate();
    let entries: Vec<_> = read.map(|(i, raw)| entry(judge, i, raw)).collect();
    let closed = closed(judge);
    let identity = identity(judge);
    let entries = entries.into_iter().collect::<Option<Vec<_>>>()?;
    covered(judge, &entries);
    let plan = AuthenticationPlan {
        places: places(&entries),
        entries,
        closed: closed?,
        identity: identity?,
    };
    apart(judge, &plan);
    reachable(judge, &plan);
    Some(plan)
}

fn entry(judge: &mut Judge<'_>, i: usize, raw: &RawAuthentication) -> Option<EntryPlan> {
    let at = format!("/authentication/{i}");
    if raw.open != raw.schemes.is_empty() {
        let message = if raw.open {
            "`open` and `schemes` contradict each other"
        } else {
            "this entry has no `schemes`"
        };
        let hint = "list schemes, or write `open: true` alone where anyone may ask";
        judge.fault(Code::BadSettings, &at, message, Some(hint.to_owned()));
        return None;
    }
    if raw.open && !raw.scopes.is_empty() {
        let message = "nobody has scopes where anyone may ask";
        let hint = "delete `scopes`, or list schemes instead of `open`";
        judge.fault(
            Code::BadSettings,
            &format!("{at}/scopes"),
            message,
            Some(hint.to_owned()),
        );
    }
    let versions = judge.range(&format!("{at}/versions"), &raw.versions);
    let read = raw.schemes.iter().enumerate();
    let schemes: Vec<_> = read
        .map(|(n, raw)| scheme(judge, &format!("{at}/schemes/{n}"), raw))
        .collect();
    let scopes = scopes(judge, &at, raw);
    let schemes = schemes.into_iter().collect::<Option<Vec<_>>>()?;
    for (n, scheme) in schemes.iter().enumerate() {
        if schemes[..n].contains(scheme) {
            let message = "an earlier scheme of this entry is the same";
            judge.fault(Code::BadSettings, &format!("{at}/schemes/{n}"), message, None);
        }
    }
    Some(EntryPlan {
        versions: versions?,
        schemes,
        scopes: scopes?,
    })
}

fn scheme(judge: &mut Judge<'_>, at: &str, raw: &RawScheme) -> Option<SchemePlan> {
    if let Some(raw) = &raw.api_key {
        key_place(judge, &format!("{at}/api_key"), raw).map(SchemePlan::ApiKey)
    } else if let Some(raw) = &raw.jwt {
        tokens::jwt(judge, &format!("{at}/jwt"), raw).map(SchemePlan::Jwt)
    } else if let Some(raw) = &raw.introspection {
        tokens::introspection(judge, &format!("{at}/introspection"), raw).map(SchemePlan::Introspection)
    } else if let Some(raw) = &raw.basic {
        let realm = raw.realm.clone().unwrap_or_else(|| judge.raw.api.clone());
        if realm.chars().any(|c| c.is_control() || !c.is_ascii()) {
            let message = "a realm is told in a header: it holds visible ASCII characters and spaces";
            judge.fault(Code::BadSettings, &format!("{at}/basic/realm"), message, None);
            return None;
        }
        Some(SchemePlan::Basic { realm })
    } else {
        raw.certificate.as_ref().map(|_| SchemePlan::Certificate)
    }
}

fn key_place(judge: &mut Judge<'_>, at: &str, raw: &RawApiKey) -> Option<KeyPlace> {
    if let Some(name) = &raw.header {
        return field(judge, &format!("{at}/header"), name, "X-API-Key").map(KeyPlace::Header);
    }
    let name = raw.query.as_ref()?;
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if name.is_empty() || !name.bytes().all(unreserved) {
        let at = format!("{at}/query");
        let message = format!("`{}` is not the name of a query parameter", judge.tree.shown(&at));
        let hint = "use letters, digits, `-`, `_`, `.` and `~`";
        judge.fault(Code::BadSettings, &at, message, Some(hint.to_owned()));
        return None;
    }
    Some(KeyPlace::Query(name.clone()))
}

/// The name of a field that means nothing else.
fn field(judge: &mut Judge<'_>, at: &str, name: &str, such_as: &str) -> Option<HeaderName> {
    let shown = judge.tree.shown(at);
    let (message, hint) = match HeaderName::from_bytes(name.as_bytes()) {
        Ok(name) if select::TAKEN.contains(&name.as_str()) || OWN.contains(&name.as_str()) => (
            format!("`{shown}` is a header with a meaning of its own"),
            format!("use another, such as `{such_as}`"),
        ),
        // Backends behind CGI or WSGI cannot tell it from the same name with `-`.
        Ok(name) if name.as_str().contains('_') => (
            format!("`{shown}` holds `_`, which some backends read as `-`"),
            format!("write it like `{such_as}`"),
        ),
        Ok(name) => return Some(name),
        Err(_) => (
            format!("`{shown}` is not the name of a header"),
            format!("write it like `{such_as}`"),
        ),
    };
    judge.fault(Code::BadSettings, at, message, Some(hint));
    None
}

fn scopes(judge: &mut Judge<'_>, at: &str, raw: &RawAuthentication) -> Option<Vec<ScopeRule>> {
    let mut rules = Vec::new();
    for (i, raw) in raw.scopes.iter().enumerate() {
        let at = format!("{at}/scopes/{i}");
        let operations = match &raw.operations {
            None => None,
            Some(ids) => {
                let read = ids.iter().enumerate();
                let found: Vec<_> = read
                    .map(|(n, id)| judge.operation(&format!("{at}/operations/{n}"), id))
                    .collect();
                Some(found.into_iter().collect::<Option<Vec<_>>>())
            }
        };
        let sound: Vec<_> = raw
            .need
            .iter()
            .enumerate()
            .map(|(n, scope)| {
                let at = format!("{at}/need/{n}");
                is_scope(scope).then_some(()).or_else(|| {
                    let message = format!("`{}` is not a scope", judge.tree.shown(&at));
                    let hint = "a scope holds no space, no quote and no backslash (RFC 6749)";
                    judge.fault(Code::BadSettings, &at, message, Some(hint.to_owned()));
                    None
                })
            })
            .collect();
        let need = sound.iter().all(Option::is_some).then(|| raw.need.clone());
        rules.push(match operations {
            Some(operations) => operations.zip(need).map(|(ids, need)| ScopeRule {
                operations: Some(ids),
                need,
            }),
            None => need.map(|need| ScopeRule {
                operations: None,
                need,
            }),
        });
    }
    rules.into_iter().collect()
}

/// Whether a text is a scope-token (RFC 6749, section 3.3).
pub(super) fn is_scope(text: &str) -> bool {
    let inner = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !text.is_empty() && text.bytes().all(inner)
}

/// The versions that are open to some alone.
fn closed(judge: &mut Judge<'_>) -> Option<BTreeMap<VersionId, Audience>> {
    let raw = judge.raw.versions.iter().enumerate();
    let named = raw.filter(|(_, raw)| raw.consumers.is_some() || raw.groups.is_some());
    let closed: Vec<_> = named
        .map(|(i, _)| Some((VersionId(i), audience(judge, i)?)))
        .collect();
    closed.into_iter().collect()
}

fn audience(judge: &mut Judge<'_>, i: usize) -> Option<Audience> {
    let raw = &judge.raw.versions[i];
    let names = raw.consumers.iter().flatten().enumerate();
    let consumers: Vec<_> = names
        .map(|(n, name)| judge.consumer(&format!("/versions/{i}/consumers/{n}"), name))
        .collect();
    let groups: Vec<String> = raw.groups.iter().flatten().cloned().collect();
    for (n, group) in groups.iter().enumerate() {
        judge.group(&format!("/versions/{i}/groups/{n}"), group);
    }
    Some(Audience {
        consumers: consumers.into_iter().collect::<Option<_>>()?,
        groups,
    })
}

fn identity(judge: &mut Judge<'_>) -> Option<IdentityPlan> {
    let raw = &judge.raw.identity;
    let mut read = |key: &str, name: Option<&String>| match name {
        Some(name) => field(judge, &format!("/identity/{key}"), name, "X-Consumer").map(Some),
        None => Some(None),
    };
    let consumer = read("consumer", Some(&raw.consumer));
    let groups = read("groups", raw.groups.as_ref());
    let scopes = read("scopes", raw.scopes.as_ref());
    let subject = read("subject", raw.subject.as_ref());
    Some(IdentityPlan {
        consumer: consumer?,
        groups: groups?,
        scopes: scopes?,
        subject: subject?,
    })
}

/// Once there is any entry, every version has its own, and every entry has a version.
fn covered(judge: &mut Judge<'_>, entries: &[EntryPlan]) {
    if entries.is_empty() {
        return;
    }
    let by = |version| entries.iter().position(|entry| entry.versions.contains(version));
    let all = (0..judge.versions.len()).map(VersionId);
    let bare: Vec<_> = all.clone().filter(|version| by(*version).is_none()).collect();
    for version in bare {
        let name = &judge.versions[version.index()].name;
        let message = format!("no entry of `authentication` covers the version `{name}`");
        let hint = format!(
            "add it to an entry; if anyone may ask, write `- {{versions: {{only: [\"{name}\"]}}, open: true}}`"
        );
        judge.fault(
            Code::VersionWithoutAuthentication,
            &format!("/versions/{}", version.index()),
            message,
            Some(hint),
        );
    }
    for i in 0..entries.len() {
        if !all.clone().any(|version| by(version) == Some(i)) {
            let message = "this entry is never looked at: earlier ones cover all of its versions";
            judge.fault(Code::BadSettings, &format!("/authentication/{i}"), message, None);
        }
    }
}

fn places(entries: &[EntryPlan]) -> CredentialPlaces {
    let mut places = CredentialPlaces::default();
    for scheme in entries.iter().flat_map(|entry| &entry.schemes) {
        let header = match scheme {
            SchemePlan::ApiKey(KeyPlace::Query(name)) => {
                if !places.query.contains(name) {
                    places.query.push(name.clone());
                }
                continue;
            }
            SchemePlan::ApiKey(KeyPlace::Header(name)) => name.clone(),
            SchemePlan::Basic { .. } | SchemePlan::Jwt(_) | SchemePlan::Introspection(_) => {
                http::header::AUTHORIZATION
            }
            SchemePlan::Certificate => continue,
        };
        if !places.headers.contains(&header) {
            places.headers.push(header);
        }
    }
    places
}

/// No field says two things: credentials, selectors and identity stand apart.
fn apart(judge: &mut Judge<'_>, plan: &AuthenticationPlan) {
    let selectors = judge.raw.select.iter();
    let named: Vec<String> = selectors
        .clone()
        .filter_map(|s| Some(s.header.as_ref()?.name.to_ascii_lowercase()))
        .collect();
    let asked: Vec<&String> = selectors.filter_map(|s| Some(&s.query.as_ref()?.name)).collect();
    let mut seen: Vec<&HeaderName> = Vec::new();
    for name in plan.places.headers.iter().chain(plan.identity.names()) {
        if seen.contains(&name) || named.iter().any(|known| known == name.as_str()) {
            let message = format!(
                "the header `{name}` would say two things: credentials, selectors and identity stand apart"
            );
            judge.fault(
                Code::BadSettings,
                "/identity",
                message,
                Some("give each its own".to_owned()),
            );
        }
        seen.push(name);
    }
    if let Some(name) = plan.places.query.iter().find(|name| asked.contains(name)) {
        let message =
            format!("the query parameter `{name}` selects the version and cannot hold a key as well");
        judge.fault(Code::BadSettings, "/authentication", message, None);
    }
}

/// A version that is open to some alone must be able to tell them apart.
fn reachable(judge: &mut Judge<'_>, plan: &AuthenticationPlan) {
    for version in plan.closed.keys() {
        let i = version.index();
        if plan.of(*version).is_none() {
            let message = format!(
                "`{}` is open to some consumers alone, and has no scheme that tells who asks",
                judge.versions[i].name
            );
            let hint = "cover it by an entry of `authentication` with schemes";
            judge.fault(
                Code::BadSettings,
                &format!("/versions/{i}"),
                message,
                Some(hint.to_owned()),
            );
        }
    }
}
