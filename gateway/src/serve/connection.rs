//! One connection, from accept to its end.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::service_fn;

use super::admission::Place;
use super::answer::{Line, answer};
use super::around::{Numbers, around};
use super::core::Core;
use super::gauge::Gauge;
use super::protocol::OnCore;
use super::warden::{Order, Pulse};
use super::wire::Wire;
use super::{Handler, Peer};

/// What the connections of one core share.
pub(super) struct Desk<H> {
    pub(super) core: Core,
    pub(super) handler: Rc<H>,
    pub(super) builder: Builder<OnCore>,
    pub(super) numbers: Numbers,
}

impl<H: Handler> Desk<H> {
    /// Serves one connection until it has ended or the warden ends it.
    pub(super) async fn serve<S>(self: Rc<Self>, stream: S, peer: Peer, place: Place)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let core = &self.core;
        let gauge = Gauge::new(core.clock().clone());
        let io = TokioIo::new(Wire::new(stream, gauge.clone(), core.settings().bounds()));
        let remote = peer.remote;
        let pulse = Rc::new(Pulse::new(gauge, core.clock().now()));
        let _enlisted = core.enlist(Rc::clone(&pulse), place);
        let handler = Rc::clone(&self.handler);
        let line = Rc::new(Line {
            core: core.clone(),
            handler,
            peer,
            pulse: Rc::clone(&pulse),
            begun: Cell::new(0),
        });
        // Boxed once: the layers and hyper move the future of a request several times.
        let service = service_fn(move |request| Box::pin(answer(Rc::clone(&line), request)));
        let service = TowerToHyperService::new(around(self.numbers.clone(), service));
        let mut connection = pin!(self.builder.serve_connection_with_upgrades(io, service));
        let mut finishing = false;
        let drive = poll_fn(|cx| {
            pulse.listen(cx.waker());
            match pulse.order() {
                Order::End => return Poll::Ready(Ok(())),
                Order::Finish if !finishing => {
                    finishing = true;
                    connection.as_mut().graceful_shutdown();
                }
                _ => {}
            }
            let polled = connection.as_mut().poll(cx);
            if polled.is_pending() && pulse.gauge.is_flooded() {
                connection.as_mut().graceful_shutdown();
                drop(connection.as_mut().poll(cx));
                tracing::warn!(client = %remote, "closed: it sends too much that carries nothing");
                return Poll::Ready(Ok(()));
            }
            polled
        });
        if let Err(error) = drive.await {
            tracing::debug!(client = %remote, %error, "a connection ended early");
        }
    }
}
