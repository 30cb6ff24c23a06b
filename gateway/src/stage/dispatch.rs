//! A request on its way to the upstream and its answer back: as it is, or translated.

use std::sync::Arc;

use http::header::HeaderValue;
use http::request::Parts;
use http::{Method, Response};
use sluice_config::plan::VersionId;
use sluice_transforms::message::Request as Lifting;

use crate::body::Body;
use crate::edition::Edition;
use crate::fields::target::Pair;
use crate::gateway::Carrier;
use crate::idempotency::keeping::Keeping;
use crate::ledger::Gathered;
use crate::pools::Line;
use crate::refusal::{Kind, Refusal};
use crate::serve::Hold;
use crate::stage::links::Links;
use crate::stage::monitor;
use crate::stage::pass::{Passing, pass};
use crate::stage::receive::Received;
use crate::stage::translate::translate;
use crate::stage::way::Way;

/// Where a request goes that nothing stands in the way of any more.
#[derive(Clone, Copy)]
pub struct Dispatch<'a> {
    /// The edition.
    pub edition: &'a Arc<Edition>,
    /// The API, by its position.
    pub api: usize,
    /// The client's version.
    pub version: VersionId,
    /// The operation's id; empty when the request belongs to none.
    pub operation: &'a str,
    /// The connection to the upstream.
    pub line: &'a Line,
    /// The prefix under which the client came.
    pub prefix: &'a str,
    /// The canonical path below it.
    pub rest: &'a str,
    /// The query without selectors and credentials.
    pub query: &'a [Pair],
    /// The host that the client named.
    pub host: Option<&'a str>,
    /// Whether the client came over TLS.
    pub secure: bool,
}

/// The request.
pub struct Message {
    /// Its head; the fields are those to forward.
    pub parts: Parts,
    /// Its body.
    pub received: Received,
    /// The request in terms of its operation, where it needs translation.
    pub translated: Option<Lifting>,
}

impl Dispatch<'_> {
    /// Sends it, and brings the answer back.
    ///
    /// # Errors
    /// What cannot be sent or shown, or no answer.
    pub async fn send(
        &self,
        message: Message,
        upgrade: Option<(&Carrier, HeaderValue)>,
        gathered: &mut Gathered,
    ) -> Result<Response<Body>, Refusal> {
        let Message {
            parts,
            received,
            translated,
        } = message;
        let api = &self.edition.plan.apis[self.api];
        let mut answer = match translated {
            Some(request) => {
                let way = Way {
                    edition: Arc::clone(self.edition),
                    api: self.api,
                    version: self.version,
                };
                // Boxed: it is larger than all of the rest, and what passes need not carry it.
                Box::pin(translate(&way, self.line, parts, received, request, gathered)).await?
            }
            None => {
                let head = parts.method == Method::HEAD;
                let passing = Passing {
                    base: api.base.as_str(),
                    parts,
                    received,
                    rest: self.rest,
                    query: self.query,
                    upgrade,
                };
                let answer = pass(self.line, passing).await?;
                monitor::passed(self.edition, self.api, self.operation, head, answer).await?
            }
        };
        let links = Links {
            api,
            version: &self.edition.apis[self.api].versions[self.version.index()],
            prefix: self.prefix,
            hosts: self.line.hosts(),
            host: self.host,
            secure: self.secure,
        };
        let stage = self.line.trace.stage("links");
        links.rewrite(answer.headers_mut());
        drop(stage);
        Ok(answer)
    }

    /// Sends it and keeps its answer, whether its client waits or has gone. A drain waits for it.
    pub async fn keep(
        &self,
        hold: Hold,
        message: Message,
        keeping: Box<Keeping>,
        gathered: &mut Gathered,
    ) -> Result<Response<Body>, Refusal> {
        let (edition, line) = (Arc::clone(self.edition), self.line.clone());
        let (prefix, rest, query) = (self.prefix.to_owned(), self.rest.to_owned(), self.query.to_vec());
        let (host, operation) = (self.host.map(str::to_owned), self.operation.to_owned());
        let Self {
            api, version, secure, ..
        } = *self;
        let task = tokio::task::spawn_local(async move {
            let _hold = hold;
            let dispatch = Dispatch {
                edition: &edition,
                api,
                version,
                operation: &operation,
                line: &line,
                prefix: &prefix,
                rest: &rest,
                query: &query,
                host: host.as_deref(),
                secure,
            };
            let mut gathered = Gathered::default();
            let answer = match dispatch.send(message, None, &mut gathered).await {
                Ok(answer) => Ok(keeping.keep(answer).await),
                Err(refusal) => Err(refusal),
            };
            (answer, gathered)
        });
        let failed = |_| Refusal::new(Kind::Internal, "the request was given up");
        let (answer, seen) = task.await.map_err(failed)?;
        gathered.absorb(seen);
        answer
    }
}
