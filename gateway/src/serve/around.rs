//! The layers around every request, from tower-http: an id by which client, gateway and backend speak of the same
//! exchange, and fields that no log line shows.
//!
//! A client's own `X-Request-Id` is kept; else one is made here. It goes on to the backend and back with the answer.

use std::cell::Cell;
use std::rc::Rc;

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderName, HeaderValue, Request, Response};
use tower::{Service, ServiceBuilder};
use tower_http::ServiceBuilderExt;
use tower_http::request_id::{MakeRequestId, RequestId};

/// Values that are secret wherever they are printed.
const SECRET: [HeaderName; 4] = [
    AUTHORIZATION,
    PROXY_AUTHORIZATION,
    COOKIE,
    HeaderName::from_static("x-api-key"),
];

/// Makes ids: the process's own number and start, the core, and a count on that core.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    prefix: Rc<str>,
    next: Rc<Cell<u64>>,
}

impl Numbers {
    /// Ids of one core.
    pub(super) fn new(core: usize) -> Self {
        let started = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0, |d| d.as_micros());
        let prefix = format!("{:x}-{started:x}-{core:x}-", std::process::id());
        Self {
            prefix: prefix.into(),
            next: Rc::default(),
        }
    }
}

impl MakeRequestId for Numbers {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
        let number = self.next.replace(self.next.get() + 1);
        let mut text = String::with_capacity(self.prefix.len() + 16);
        text.push_str(&self.prefix);
        let digits = (u64::BITS - number.leading_zeros()).div_ceil(4).max(1);
        text.extend(
            (0..digits)
                .rev()
                .filter_map(|digit| char::from_digit((number >> (digit * 4)) as u32 & 15, 16)),
        );
        Some(RequestId::new(HeaderValue::try_from(text).ok()?))
    }
}

/// Puts the layers around a service.
pub(super) fn around<S, A, B>(
    numbers: Numbers,
    service: S,
) -> impl Service<Request<A>, Response = Response<B>, Error = S::Error> + Clone
where
    S: Service<Request<A>, Response = Response<B>> + Clone,
{
    ServiceBuilder::new()
        .sensitive_request_headers(std::sync::Arc::new(SECRET))
        .set_x_request_id(numbers)
        .propagate_x_request_id()
        .service(service)
}
