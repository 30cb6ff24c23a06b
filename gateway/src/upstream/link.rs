//! One connection to an endpoint, from dialling to its end.

use std::io;
use std::sync::Arc;

use http::header::UPGRADE;
use http::{Method, Request};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::exchange::Outgoing;
use super::framing::{Asked, Bounds};
use super::reach::reach;
use super::wire::{Socket, Watch, Wire};
use super::{Fault, Settings};

/// Header lines of one answer: hyper's own bound. With any other it allocates room for them each time.
const LINES: usize = 100;

/// An open connection. Dropped, it is closed at once: a task that went on writing a request that nobody waits for
/// would be work without a bound.
pub(super) struct Link {
    sender: SendRequest<Outgoing>,
    task: AbortHandle,
    watch: Arc<Watch>,
}

impl Link {
    pub(super) async fn dial(endpoint: &str, settings: &Settings) -> Result<Self, Fault> {
        let socket = match timeout(settings.connect, connect(endpoint, settings)).await {
            Ok(connected) => connected?,
            Err(_elapsed) => return Err(late(endpoint, settings)),
        };
        let watch = Arc::new(Watch::default());
        let bounds = Bounds {
            head: settings.head,
            lines: LINES,
        };
        let wire = Wire::new(socket, Arc::clone(&watch), bounds);
        let handshake = builder(settings).handshake(TokioIo::new(wire)).await;
        let (sender, connection) = handshake.map_err(|error| Fault::of(&error, endpoint))?;
        let task = tokio::task::spawn_local(async move {
            // How a connection ends is told to the exchange that uses it; an unused one may end as it likes.
            let _ended = connection.with_upgrades().await;
        });
        Ok(Self {
            sender,
            task: task.abort_handle(),
            watch,
        })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed() && !self.watch.is_spoiled()
    }

    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready() && !self.watch.is_spoiled()
    }

    /// Waits until another request may be sent; false if that will never be.
    pub(super) async fn ready(&mut self) -> bool {
        self.sender.ready().await.is_ok() && !self.watch.is_spoiled()
    }

    pub(super) fn send(
        &mut self,
        request: Request<Outgoing>,
    ) -> impl Future<Output = Result<http::Response<Incoming>, TrySendError<Request<Outgoing>>>> {
        self.watch.ask(Asked {
            head: request.method() == Method::HEAD,
            upgrade: request.headers().contains_key(UPGRADE),
        });
        self.sender.try_send_request(request)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens a connection, with TLS where it is meant to be: there is no way back to a plain one.
async fn connect(endpoint: &str, settings: &Settings) -> Result<Socket, Fault> {
    let stream = reach(endpoint, settings.link_local).await.and_then(prompt);
    let stream = stream.map_err(|error| unreachable(endpoint, &error))?;
    let Some(secure) = &settings.tls else {
        return Ok(Socket::Plain(stream));
    };
    let name = secure.name_for(endpoint).ok_or_else(|| Fault::Untrusted {
        endpoint: endpoint.to_owned(),
        reason: "its name cannot stand in a certificate".to_owned(),
    })?;
    let secured = TlsConnector::from(Arc::clone(&secure.config))
        .connect(name, stream)
        .await;
    match secured {
        Ok(stream) => Ok(Socket::Tls(Box::new(stream))),
        Err(error) => Err(Fault::of_handshake(&error, endpoint)),
    }
}

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
