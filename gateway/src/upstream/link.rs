//! One connection to an endpoint, from dialling to its end.

use std::io;

use http::Request;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::exchange::Outgoing;
use super::{Fault, Settings};

/// An open connection. Dropped, it is closed at once: a task that went on writing a request that nobody waits for
/// would be work without a bound.
pub(super) struct Link {
    sender: SendRequest<Outgoing>,
    task: AbortHandle,
}

impl Link {
    pub(super) async fn dial(endpoint: &str, settings: &Settings) -> Result<Self, Fault> {
        let stream = match timeout(settings.connect, TcpStream::connect(endpoint)).await {
            Ok(connected) => connected
                .and_then(prompt)
                .map_err(|error| unreachable(endpoint, &error))?,
            Err(_elapsed) => return Err(late(endpoint, settings)),
        };
        let handshake = builder(settings).handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|error| Fault::of(&error, endpoint))?;
        let task = tokio::task::spawn_local(async move {
            // How a connection ends is told to the exchange that uses it; an unused one may end as it likes.
            let _ended = connection.with_upgrades().await;
        });
        Ok(Self {
            sender,
            task: task.abort_handle(),
        })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Waits until another request may be sent; false if that will never be.
    pub(super) async fn ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    pub(super) fn send(
        &mut self,
        request: Request<Outgoing>,
    ) -> impl Future<Output = Result<http::Response<Incoming>, TrySendError<Request<Outgoing>>>> {
        self.sender.try_send_request(request)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// hyper's own bound on header lines of one answer, 100, stays: with any other it allocates room for them each time.
fn builder(settings: &Settings) -> Builder {
    let mut builder = Builder::new();
    builder.max_header_size(settings.head);
    builder.max_buf_size(settings.head.max(64 * 1024));
    builder
}

fn prompt(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn unreachable(endpoint: &str, error: &io::Error) -> Fault {
    Fault::Unreachable {
        endpoint: endpoint.to_owned(),
        reason: error.to_string(),
    }
}

fn late(endpoint: &str, settings: &Settings) -> Fault {
    Fault::ConnectTimeout {
        endpoint: endpoint.to_owned(),
        millis: settings.connect.as_millis(),
    }
}
