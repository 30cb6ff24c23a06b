//! Which pages of other sites may read the answers.

use http::{HeaderName, Method};

use super::fields::name;
use crate::build::judge::Judge;
use crate::diagnostic::Code;
use crate::plan::{CorsPlan, Origin};
use crate::raw::RawCors;

/// Request headers of documents; those that name the version come on top.
const ASKED: [&str; 6] = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
];

/// What answers say beside their bodies.
const TOLD: [&str; 11] = [
    "api-version",
    "deprecation",
    "etag",
    "link",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "sunset",
    "warning",
    "www-authenticate",
];

pub(super) fn build(judge: &mut Judge<'_>, raw: &RawCors) -> Option<CorsPlan> {
    let all = raw.origins.iter().any(|origin| origin == "*");
    if all && raw.credentials {
        let message = "every site is let in, with the credentials of the browser's user";
        let hint = "list the sites in `origins`, or delete `credentials`";
        judge.fault(
            Code::AnyOriginWithCredentials,
            "/cors/credentials",
            message,
            Some(hint.to_owned()),
        );
    }
    let named = raw.origins.iter().enumerate().filter(|(_, text)| *text != "*");
    let origins: Vec<_> = named.map(|(i, text)| origin(judge, i, text)).collect();
    let methods = raw.methods.as_ref().map(|texts| methods(judge, texts));
    let headers = match &raw.headers {
        Some(texts) => names(judge, "headers", texts),
        None => Some(asked(judge)),
    };
    let expose = match &raw.expose {
        Some(texts) => names(judge, "expose", texts),
        None => Some(TOLD.map(HeaderName::from_static).into()),
    };
    let max_age = judge.duration("/cors/max_age", &raw.max_age);
    let origins = origins.into_iter().collect::<Option<Vec<_>>>();
    Some(CorsPlan {
        origins: Some(origins?).filter(|_| !all),
        methods: match methods {
            Some(methods) => Some(methods?),
            None => None,
        },
        headers: headers?,
        expose: expose?,
        credentials: raw.credentials && !all,
        max_age: max_age?,
    })
}

fn asked(judge: &Judge<'_>) -> Vec<HeaderName> {
    let mut all: Vec<_> = ASKED.map(HeaderName::from_static).into();
    let selectors = judge.raw.select.iter().filter_map(|s| s.header.as_ref());
    all.extend(selectors.filter_map(|named| named.name.parse::<HeaderName>().ok()));
    all
}

fn names(judge: &mut Judge<'_>, key: &str, texts: &[String]) -> Option<Vec<HeaderName>> {
    let read = |(i, text): (usize, &String)| name(judge, &format!("/cors/{key}/{i}"), text);
    let all: Vec<_> = texts.iter().enumerate().map(read).collect();
    all.into_iter().collect()
}

fn methods(judge: &mut Judge<'_>, texts: &[String]) -> Option<Vec<Method>> {
    let mut all = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        let known = !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
        match text.parse().ok().filter(|_| known) {
            Some(method) => all.push(method),
            None => {
                let pointer = format!("/cors/methods/{i}");
                let message = format!("`{}` is not a method", judge.tree.shown(&pointer));
                judge.fault(
                    Code::BadSettings,
                    &pointer,
                    message,
                    Some("write it like `GET`".to_owned()),
                );
            }
        }
    }
    (all.len() == texts.len()).then_some(all)
}

fn origin(judge: &mut Judge<'_>, index: usize, text: &str) -> Option<Origin> {
    let read = read(text);
    if let Err(why) = read {
        let pointer = format!("/cors/origins/{index}");
        let message = format!("`{}` is not an origin: {why}", judge.tree.shown(&pointer));
        let hint =
            "write what browsers send: `https://app.example`, with a port only if it is not the scheme's own";
        judge.fault(Code::BadOrigin, &pointer, message, Some(hint.to_owned()));
    }
    read.ok()
}

/// Browsers send scheme, host and, if it is not the scheme's own, port; compared letter by letter.
fn read(text: &str) -> Result<Origin, &'static str> {
    if text == "null" {
        return Err("`null` stands for any page in a sandbox, of any site");
    }
    let (scheme, rest) = text.split_once("://").ok_or("it has no scheme")?;
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+.-".contains(&b);
    if scheme.is_empty() || !scheme.bytes().all(known) {
        return Err("its scheme is malformed");
    }
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    judge_port(scheme, port)?;
    if host.contains('/') {
        return Err("it has a path");
    }
    if let Some(below) = host.strip_prefix("*.") {
        let labels = is_host(below) && below.contains('.');
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        return labels
            .then(|| Origin::Below {
                before: format!("{scheme}://"),
                after: format!(".{below}{port}"),
            })
            .ok_or("a wildcard stands for hosts below a host with a dot");
    }
    match is_host(host) {
        true => Ok(Origin::One(text.to_owned())),
        false => Err("its host is not a name or an address in lower case"),
    }
}

fn judge_port(scheme: &str, port: Option<&str>) -> Result<(), &'static str> {
    match (scheme, port) {
        (_, None) => Ok(()),
        ("http", Some("80")) | ("https", Some("443")) => Err("browsers do not send the scheme's own port"),
        (_, Some(port)) if port.parse::<u16>().is_ok_and(|p| p > 0 && p.to_string() == port) => Ok(()),
        _ => Err("its port is malformed"),
    }
}

fn is_host(text: &str) -> bool {
    let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
    let v6 = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    lower && (crate::plan::is_host_name(text) || v6.is_some_and(|t| t.parse::<std::net::Ipv6Addr>().is_ok()))
}
