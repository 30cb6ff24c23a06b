//! `upstreams` of `sluice.yaml`: the backends.

use std::collections::HashSet;

use super::main::same_address;
use super::{is_name, tls};
use crate::choice::Keep;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Endpoint, EndpointError, Timeouts, UpstreamPlan, is_link_local};
use crate::raw::{Ordered, RawUpstream};
use crate::yaml::{Tree, push_key};

/// Judges every one.
pub(super) fn build(tree: &Tree, raw: &Ordered, faults: &mut Vec<Diagnostic>) -> Option<Vec<UpstreamPlan>> {
    let mut judge = Judge { tree, faults };
    let built: Vec<_> = raw
        .iter()
        .map(|(name, value)| judge.upstream(name, value))
        .collect();
    built.into_iter().collect()
}

struct Judge<'a> {
    tree: &'a Tree,
    faults: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    fn upstream(&mut self, name: &str, value: &serde_json::Value) -> Option<UpstreamPlan> {
        let mut pointer = "/upstreams".to_owned();
        push_key(&mut pointer, name);
        if !is_name(name) {
            let span = Some(self.tree.key_span(&pointer));
            self.faults
                .push(super::bad_name(&self.tree.file, span, name, "an upstream"));
        }
        // The schema was checked; a value that it let pass and the type does not is told there.
        let raw: RawUpstream = serde_json::from_value(value.clone()).ok()?;
        if raw.keep == Keep::UnsafeRead {
            let message = format!("writes to `{name}` can lose what another writer wrote");
            let fault = self
                .tree
                .fault(Code::UnsafeKeep, &format!("{pointer}/keep"), message);
            self.faults
                .push(fault.hint("let the backend give an `ETag`, and write `keep: read`"));
        }
        let endpoints = self.endpoints(&pointer, &raw);
        let tls = tls::upstream(self.tree, &pointer, raw.tls.as_ref(), self.faults);
        let timeouts = self.timeouts(&pointer, &raw);
        let RawUpstream {
            keep,
            retries,
            connections,
            link_local,
            ..
        } = raw;
        Some(UpstreamPlan {
            name: name.to_owned(),
            endpoints: endpoints?,
            keep,
            retries,
            timeouts: timeouts?,
            connections,
            tls: tls?,
            link_local,
        })
    }

    fn endpoints(&mut self, upstream: &str, raw: &RawUpstream) -> Option<Vec<Endpoint>> {
        let (texts, secured) = (&raw.endpoints, raw.tls.is_some());
        let mut seen = HashSet::new();
        let mut endpoints = Vec::new();
        for (i, text) in texts.iter().enumerate() {
            let pointer = format!("{upstream}/endpoints/{i}");
            match Endpoint::parse(text) {
                Ok(endpoint) => {
                    if !seen.insert(endpoint.clone()) {
                        self.faults.push(same_address(self.tree, &pointer));
                    }
                    if !raw.link_local && endpoint.host.parse().is_ok_and(is_link_local) {
                        self.link_local(&pointer);
                        continue;
                    }
                    endpoints.push(endpoint);
                }
                Err(error) => self.bad_endpoint(&pointer, text, secured, &error),
            }
        }
        (endpoints.len() == texts.len()).then_some(endpoints)
    }

    /// A name that leads to such an address is refused when it is connected to.
    fn link_local(&mut self, pointer: &str) {
        let shown = self.tree.shown(pointer);
        let message = format!("`{shown}` is a link-local address, where clouds hand out credentials");
        let hint = "name another address, or write `link_local: true` beside `endpoints` if it is meant";
        self.faults
            .push(self.tree.fault(Code::BadAddress, pointer, message).hint(hint));
    }

    fn bad_endpoint(&mut self, pointer: &str, text: &str, secured: bool, error: &EndpointError) {
        let message = format!("`{}` is not an endpoint: {error}", self.tree.shown(pointer));
        let hint = if !text.starts_with("https://") {
            "write `host:port`, such as `backend:9100`"
        } else if secured {
            "write `host:port`, such as `backend:443`: `tls` says that it is reached over TLS"
        } else {
            "write `host:port`, such as `backend:443`, and `tls: {}` beside `endpoints`"
        };
        let fault = self.tree.fault(Code::BadAddress, pointer, message);
        self.faults.push(fault.hint(hint));
    }

    fn timeouts(&mut self, upstream: &str, raw: &RawUpstream) -> Option<Timeouts> {
        let mut read = |key: &str, text: &str| {
            let at = format!("{upstream}/timeouts/{key}");
            super::wait(self.tree, &at, text, self.faults)
        };
        let raw = &raw.timeouts;
        let connect = read("connect", &raw.connect);
        let first_byte = read("first_byte", &raw.first_byte);
        let idle = read("idle", &raw.idle);
        Some(Timeouts {
            connect: connect?,
            first_byte: first_byte?,
            idle: idle?,
        })
    }
}
