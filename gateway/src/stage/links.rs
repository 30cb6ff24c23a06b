//! `Location`, `Content-Location` and `Link` (RFC 8288): targets of this API, told in the client's version.

use http::header::{CONTENT_LOCATION, LINK, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue};
use sluice_config::plan::ApiPlan;
use sluice_transforms::contract::{Operation, Place};
use sluice_transforms::message::{Argument, Request};
use sluice_transforms::reference::Interpreter;

use crate::canonical;
use crate::edition::{Version, route};
use crate::fields::{has_any, target};
use crate::stage::forward;

/// Where the client's links lead.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a> {
    /// The API.
    pub api: &'a ApiPlan,
    /// The client's version.
    pub version: &'a Version,
    /// The prefix under which the client came.
    pub prefix: &'a str,
    /// The host that the upstream was asked as, if links may name it.
    pub hosts: &'a [String],
    /// The host that the client named.
    pub host: Option<&'a str>,
    /// Whether the client came over TLS.
    pub secure: bool,
}

impl Links<'_> {
    /// Rewrites the link fields of an answer.
    pub fn rewrite(&self, headers: &mut HeaderMap) {
        if !has_any(headers, &[LOCATION, CONTENT_LOCATION, LINK]) {
            return;
        }
        for name in [LOCATION, CONTENT_LOCATION] {
            self.replace(headers, &name, |value| self.link(value));
        }
        self.replace(headers, &LINK, |value| Some(self.link_field(value)));
    }

    fn replace(&self, headers: &mut HeaderMap, name: &HeaderName, rewrite: impl Fn(&str) -> Option<String>) {
        let lines: Vec<HeaderValue> = headers.get_all(name).iter().cloned().collect();
        headers.remove(name);
        for line in lines {
            let new = line
                .to_str()
                .ok()
                .and_then(&rewrite)
                .and_then(|text| HeaderValue::from_str(&text).ok());
            headers.append(name.clone(), new.unwrap_or(line));
        }
    }

    /// A `Link` field: each target between angle brackets.
    fn link_field(&self, value: &str) -> String {
        let mut out = String::with_capacity(value.len());
        let mut rest = value;
        while let Some((before, after)) = rest.split_once('<') {
            let Some((url, tail)) = after.split_once('>') else {
                break;
            };
            let url = self.link(url).unwrap_or_else(|| url.to_owned());
            out.push_str(&format!("{before}<{url}>"));
            rest = tail;
        }
        out.push_str(rest);
        out
    }

    /// One link; `None` when it does not lead into this API.
    fn link(&self, url: &str) -> Option<String> {
        let (authority, path) = self.local(url)?;
        let (path, fragment) = path.split_once('#').map_or((path, None), |(p, f)| (p, Some(f)));
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let canonical = canonical::path(path).ok()?;
        let below = canonical.as_str().strip_prefix(self.api.base.as_str())?;
        let segments = canonical::path(if below.is_empty() { "/" } else { below }).ok()?;
        let moved = self.lowered(segments.segments(), query).or_else(|| {
            let query = if query.is_empty() {
                String::new()
            } else {
                format!("?{query}")
            };
            target::path(self.prefix, segments.segments()).map(|path| path + &query)
        })?;
        let fragment = fragment.map(|f| format!("#{f}")).unwrap_or_default();
        Some(format!("{}{moved}{fragment}", authority.unwrap_or_default()))
    }

    /// The path of a link to this API; an absolute link gets the host that the client knows.
    fn local<'u>(&self, url: &'u str) -> Option<(Option<String>, &'u str)> {
        if url.starts_with('/') && !url.starts_with("//") {
            return Some((None, url));
        }
        let rest = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"))?;
        let end = rest.find('/')?;
        let authority = &rest[..end];
        let ours =
            self.hosts.iter().any(|h| h.eq_ignore_ascii_case(authority)) || self.host == Some(authority);
        let scheme = if self.secure { "https://" } else { "http://" };
        ours.then(|| (self.host.map(|host| format!("{scheme}{host}")), &rest[end..]))
    }

    /// The link as an operation of the origin, lowered to the client's version.
    fn lowered(&self, segments: &[String], query: &str) -> Option<String> {
        let operations = &self.version.lower.source.operations;
        let (operation, slots) = route(operations, "GET", segments)?;
        let mut arguments: Vec<Argument> = slots
            .iter()
            .map(|(n, v)| Argument::new(Place::Path, n, v.clone()))
            .collect();
        arguments.extend(target::pairs(query)?.into_iter().map(|p| Argument {
            place: Place::Query,
            name: p.name,
            value: p.value,
            raw: Some(p.raw),
        }));
        let request = Request {
            operation: operation.id.clone(),
            arguments,
            body: None,
        };
        let lowered = Interpreter::new(&self.api.lineage, &self.version.lower)
            .target(&request)
            .ok()?;
        let own: &Operation = self.version.lower.target.operation(&lowered.operation)?;
        let operations = &self.version.lower.target.operations;
        let target = || forward::target_of(self.prefix, operations, own, &lowered.arguments).ok();
        (own.method == "GET").then(target)?
    }
}
