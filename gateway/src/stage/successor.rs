//! `Link` with `rel="successor-version"` (RFC 5829): the same resource in the version to move to.

use http::{HeaderMap, HeaderValue, Method};
use sluice_config::plan::ApiPlan;
use sluice_transforms::contract::Operation;
use sluice_transforms::reference::Interpreter;

use super::{forward, route};
use crate::fields::target::Pair;
use crate::lifecycle::Next;

/// What a request asks for, in the client's version.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// The operation; none where the contract names none.
    pub operation: Option<&'a Operation>,
    /// The method.
    pub method: &'a Method,
    /// The prefix under which the client came.
    pub prefix: &'a str,
    /// The decoded segments below it.
    pub segments: &'a [String],
    /// The query without selectors and credentials.
    pub query: &'a [Pair],
    /// The fields.
    pub headers: &'a HeaderMap,
}

impl Resource<'_> {
    /// The link: to the same resource where its URL names the version, else to the guide. A URL that names no version is
    /// the same one in every version, and only reading names a resource by its URL alone.
    pub fn link(&self, api: &ApiPlan, next: &Next) -> Option<HeaderValue> {
        let own = self
            .target(api, next)
            .map(|url| format!("<{url}>; rel=\"successor-version\""));
        let own = own.and_then(|link| HeaderValue::from_str(&link).ok());
        own.or_else(|| next.guide.clone())
    }

    fn target(&self, api: &ApiPlan, next: &Next) -> Option<String> {
        let (chain, prefix) = (&next.chain, next.prefix.as_deref()?);
        let reads = *self.method == Method::GET || *self.method == Method::HEAD;
        let operation = self
            .operation
            .filter(|_| reads && next.own_prefix.as_deref() == Some(self.prefix))?;
        let request = route::request(operation, self.segments, self.query, self.headers);
        let moved = Interpreter::new(&api.lineage, chain).target(&request).ok()?;
        let operation = chain.target.operation(&moved.operation)?;
        let target =
            || forward::target_of(prefix, &chain.target.operations, operation, &moved.arguments).ok();
        (operation.method == "GET").then(target)?
    }
}
