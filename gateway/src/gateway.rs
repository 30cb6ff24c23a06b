//! What runs on every core: the carrier of exchanges, and what the cores share.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, Request, Response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use sluice_config::plan::UpstreamId;

use crate::admin::Admin;
use crate::body::Body;
use crate::edition::{Edition, Editions};
use crate::exchange;
use crate::ledger::shard::Shard;
use crate::ledger::told::Told;
use crate::pools::{Line, Pools};
use crate::serve::{Core, Handler, Hold, Peer, Refused, Role};
use crate::shared::Shared;
use crate::stage::limit::Permit;
use crate::tls::Terms;
use crate::upstream::tunnel;

/// What all cores share.
pub struct Gateway {
    /// The running edition.
    pub editions: Editions,
    /// The admin API.
    pub admin: Admin,
    /// What the whole process shares.
    pub shared: Arc<Shared>,
}

/// An edition as one core holds it.
pub struct Held(pub Arc<Edition>);

/// Carries the exchanges of one core.
pub struct Carrier {
    gateway: Arc<Gateway>,
    core: Core,
    pools: Rc<RefCell<Pools>>,
    edition: RefCell<Option<Rc<Held>>>,
    /// Where this core counts; none where nothing is counted.
    shard: Option<Arc<Shard>>,
}

impl Carrier {
    /// A carrier for a core.
    pub fn new(gateway: &Arc<Gateway>, core: &Core) -> Self {
        Self {
            gateway: Arc::clone(gateway),
            core: core.clone(),
            pools: Rc::default(),
            edition: RefCell::default(),
            shard: gateway.shared.ledger.shard(),
        }
    }

    /// The running edition, counted on this core: a count that all cores write would slow them all.
    pub fn edition(&self) -> Option<Rc<Held>> {
        let mut known = self.edition.borrow_mut();
        let editions = &self.gateway.editions;
        if !known
            .as_ref()
            .is_some_and(|edition| editions.is_current(&edition.0))
        {
            *known = editions.current().map(|edition| Rc::new(Held(edition)));
        }
        known.clone()
    }

    /// The connections to an upstream.
    pub fn line(&self, edition: &Edition, id: UpstreamId) -> Option<Line> {
        let mut line = Pools::line(&self.pools, edition, id)?;
        line.timed = self.shard.is_some();
        Some(line)
    }

    /// What the whole process shares.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.gateway.shared
    }

    /// Where this core counts; none where nothing is counted.
    pub fn shard(&self) -> Option<&Shard> {
        self.shard.as_deref()
    }

    /// Keeps this core alive during a drain, for a request that goes on without its client.
    pub fn hold(&self) -> Hold {
        self.core.hold()
    }

    /// Joins both sides of an upgrade that a request asked for. The tunnel ends when both fall silent; until then it keeps the
    /// request's places under limits.
    pub fn tunnel(&self, mut asked: Extensions, answer: &mut Response<Body>, idle: Duration) {
        let upstream = hyper::upgrade::on(&mut *answer);
        let body = std::mem::take(answer.body_mut());
        let hold = (self.core.hold(), body, asked.remove::<Permit>());
        if let Some(client) = asked.remove::<OnUpgrade>() {
            tokio::task::spawn_local(tunnel(client, upstream, idle, hold));
        }
    }
}

impl Handler for Carrier {
    fn terms(&self) -> Option<Arc<Terms>> {
        self.edition()?.0.guard.tls.terms().cloned()
    }

    fn unsecured(&self, why: &'static str) {
        let help = "Connections that ended before their TLS stood";
        self.shared()
            .meters
            .count("sluice_tls_failures", help, &[("why", why)]);
    }

    fn shed(&self) {
        if let (Some(held), Some(shard)) = (self.edition(), self.shard()) {
            shard.count(&held.0.names, Told::shed());
        }
    }

    async fn call(&self, request: Request<Incoming>, peer: Peer) -> Response<Body> {
        match peer.role {
            Role::Data => exchange::carry(self, request, &peer).await,
            Role::Admin => {
                if let Some(Refused(refusal)) = request.extensions().get::<Refused>() {
                    return refusal.answer();
                }
                // Boxed: it is rare, and would make the future of every request larger.
                let drain = self.core.drain();
                Box::pin(self.gateway.admin.answer(&self.gateway, drain, &peer, request)).await
            }
        }
    }
}
