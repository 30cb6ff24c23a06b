//! The way of a request whose API, version and consumer are known: admitted, judged, sent.

use std::rc::Rc;
use std::sync::Arc;

use http::header::HeaderValue;
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use sluice_config::plan::ApiPlan;
use sluice_transforms::contract::Operation;

use crate::body::Body;
use crate::edition::{Edition, Version};
use crate::fields::target::Pair;
use crate::gateway::Carrier;
use crate::identity::Identity;
use crate::ledger::Gathered;
use crate::pools::{Line, Spent};
use crate::refusal::{Kind, Refusal};
use crate::stage::dispatch::{Dispatch, Message};
use crate::stage::forward::Client;
use crate::stage::idempotency::{self, Begun, Keyed};
use crate::stage::identify::Identified;
use crate::stage::lifecycle::{self, Use};
use crate::stage::limit::{self, Permit};
use crate::stage::members::{self, Looked};
use crate::stage::receive::Received;
use crate::stage::successor::Resource;
use crate::stage::validate::{self, Judged};
use crate::stage::{authenticate, route};
use crate::telemetry::Trace;

/// The operation that a request was routed to; none where the contract names none.
pub(super) type Routed<'e> = Result<Option<&'e Operation>, Refusal>;

/// A request on its way.
pub(super) struct Passage<'a, 'e> {
    pub(super) carrier: &'a Carrier,
    pub(super) edition: &'e Arc<Edition>,
    pub(super) identified: &'a Identified,
    pub(super) client: &'a Client<'a>,
    pub(super) method: &'a Method,
    /// The query without selectors and credentials.
    pub(super) query: &'a [Pair],
    line: Line,
}

/// What goes on.
pub(super) struct Outgoing<'e> {
    pub(super) operation: Option<&'e Operation>,
    pub(super) parts: Parts,
    pub(super) received: Received,
    /// The protocol that the client wants to switch to.
    pub(super) upgrade: Option<HeaderValue>,
}

impl<'a, 'e> Passage<'a, 'e> {
    /// A request for this version.
    ///
    /// # Errors
    /// The upstream is unknown, which a plan does not let happen.
    pub(super) fn of(
        carrier: &'a Carrier,
        edition: &'e Arc<Edition>,
        identified: &'a Identified,
        client: &'a Client<'a>,
        (method, query): (&'a Method, &'a [Pair]),
        trace: &Trace,
    ) -> Result<Self, Refusal> {
        let upstream = edition.plan.apis[identified.api].upstream;
        let line = carrier.line(edition, upstream);
        let mut line = line.ok_or_else(|| Refusal::new(Kind::Internal, "the upstream is unknown"))?;
        line.trace = trace.clone();
        Ok(Self {
            carrier,
            edition,
            identified,
            client,
            method,
            query,
            line,
        })
    }

    /// The place of an operation in the version's contract.
    pub(super) fn number(&self, routed: &Routed<'e>) -> Option<usize> {
        let found = routed.as_ref().ok().and_then(|found| *found)?;
        let operations = &self.version().lift.source.operations;
        operations
            .iter()
            .position(|operation| std::ptr::eq(operation, found))
    }

    /// What becomes of the exchange at the upstream.
    pub(super) fn spent(&self) -> Rc<Spent> {
        Rc::clone(&self.line.spent)
    }

    fn api(&self) -> &'e ApiPlan {
        &self.edition.plan.apis[self.identified.api]
    }

    fn version(&self) -> &'e Version {
        &self.edition.apis[self.identified.api].versions[self.identified.version.index()]
    }

    /// The operation that the request names.
    pub(super) fn route(&self) -> Routed<'e> {
        let complete = self.api().is_complete(self.identified.version);
        route::operation(self.version(), complete, self.method, &self.identified.segments)
    }

    /// What the request uses.
    pub(super) fn used(&self, operation: &'a str, who: &'a Identity) -> Use<'a>
    where
        'e: 'a,
    {
        Use {
            api: self.api(),
            version: self.identified.version,
            operation,
            who,
        }
    }

    /// Whether version and operation live, the consumer has the scopes, and no limit is reached.
    ///
    /// # Errors
    /// One of these says no, or there is no such operation: a version that is gone has no paths either.
    pub(super) async fn admit(
        &self,
        used: &Use<'_>,
        routed: Routed<'e>,
        headers: &HeaderMap,
        fields: &mut HeaderMap,
    ) -> Result<(Option<&'e Operation>, Permit), Refusal> {
        let (carrier, edition, api) = (self.carrier, self.edition, self.identified.api);
        let resource = Resource {
            operation: routed.as_ref().ok().and_then(|found| *found),
            method: self.method,
            prefix: self.identified.prefix.as_str(),
            segments: &self.identified.segments,
            query: self.query,
            headers,
        };
        let trace = &self.line.trace;
        let lives = lifecycle::admit(edition, api, used, &resource, carrier.shared(), fields);
        trace.stage("live").judged(lives)?;
        let operation = routed?;
        trace
            .stage("authorise")
            .judged(authenticate::authorise(carrier, used, self.client))?;
        let stage = trace.stage("limit");
        let permit = limit::admit(carrier, edition, api, used, self.client, headers, fields).await;
        Ok((operation, stage.judged(permit)?))
    }

    /// Whether size, parameters and document are what the client's version declares.
    ///
    /// # Errors
    /// Every violation, up to a bound.
    pub(super) async fn judge(
        &self,
        operation: Option<&'e Operation>,
        headers: &HeaderMap,
        received: &mut Received,
    ) -> Result<(), Refusal> {
        let Some(operation) = operation else {
            return Ok(());
        };
        limit::size(self.api(), &operation.id, received, self.line.plan.timeouts.idle).await?;
        let judged = Judged {
            edition: self.edition,
            api: self.identified.api,
            version: self.identified.version,
            operation,
            segments: &self.identified.segments,
            query: self.query,
            headers,
        };
        validate::request(&judged, received).await
    }

    /// What looks after members that go; nothing where none does.
    pub(super) fn members(&self, operation: Option<&'e Operation>, who: &Identity) -> Option<Looked<'e>> {
        let Identified { api, version, .. } = *self.identified;
        members::looked(self.edition, api, version, operation, who, self.carrier.shared())
    }

    /// Sends the request, or answers what its key was answered before.
    ///
    /// # Errors
    /// What cannot be sent or shown, or no answer.
    pub(super) async fn send(
        &self,
        used: &Use<'_>,
        outgoing: Outgoing<'e>,
        gathered: &mut Gathered,
    ) -> Result<Response<Body>, Refusal> {
        let Outgoing {
            operation,
            parts,
            mut received,
            upgrade,
        } = outgoing;
        let keyed = Keyed {
            edition: self.edition,
            api: self.identified.api,
            used,
            client: self.client,
            method: self.method,
            rest: self.identified.rest.as_str(),
            query: self.query,
            headers: &parts.headers,
            line: &self.line,
        };
        let stage = self.line.trace.stage("keep");
        let begun = stage.judged(idempotency::begin(self.carrier, &keyed, &mut received).await);
        gathered.client = received.waited();
        let begun = begun?;
        let translated = operation
            .filter(|_| !self.version().is_origin())
            .map(|operation| {
                route::request(operation, &self.identified.segments, self.query, &parts.headers)
            });
        let message = Message {
            parts,
            received,
            translated,
        };
        let dispatch = self.dispatch(used.operation);
        match begun {
            Begun::Answered(answer) => Ok(*answer),
            Begun::First(keeping) => {
                dispatch
                    .keep(self.carrier.hold(), message, keeping, gathered)
                    .await
            }
            Begun::Unkept => {
                let upgrade = upgrade.map(|protocol| (self.carrier, protocol));
                dispatch.send(message, upgrade, gathered).await
            }
        }
    }

    fn dispatch<'d>(&'d self, operation: &'d str) -> Dispatch<'d> {
        Dispatch {
            edition: self.edition,
            api: self.identified.api,
            version: self.identified.version,
            operation,
            line: &self.line,
            prefix: self.identified.prefix.as_str(),
            rest: self.identified.rest.as_str(),
            query: self.query,
            host: self.client.host,
            secure: self.client.secure,
        }
    }
}
