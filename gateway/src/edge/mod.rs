//! What is done to the answers of an API on their way out, as it is made of a plan: what browsers are told, compression.

mod compression;
mod cors;
mod pieces;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{Request, Response};
use sluice_config::plan::EdgePlan;
use tower::{Layer, Service, ServiceExt};

pub use compression::{Compression, strengthen};
pub use cors::Cors;
pub(crate) use cors::is_preflight;

/// What is made of an API's plan.
#[derive(Debug, Default)]
pub struct Edge {
    /// What browsers are told.
    pub cors: Option<Cors>,
    /// Which answers are compressed.
    pub compression: Option<Compression>,
}

impl Edge {
    /// Makes it.
    pub fn new(plan: &EdgePlan) -> Self {
        Self {
            cors: plan.cors.as_ref().map(Cors::new),
            compression: plan.compression.as_ref().map(Compression::new),
        }
    }
}

/// Takes an answer that is there already through a layer, as if it answered this request.
async fn through<L, A, B>(layer: &L, request: Request<()>, answer: Response<A>) -> Response<B>
where
    A: Default,
    L: Layer<Answering<A>>,
    L::Service: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    let service = layer.layer(Answering(Some(answer)));
    match service.oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

/// A service with one answer.
#[derive(Debug)]
struct Answering<A>(Option<Response<A>>);

impl<A: Default> Service<Request<()>> for Answering<A> {
    type Response = Response<A>;
    type Error = Infallible;
    type Future = Ready<Result<Response<A>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(self.0.take().unwrap_or_default()))
    }
}
