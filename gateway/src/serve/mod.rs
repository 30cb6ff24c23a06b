//! Serving: listeners, one runtime a core, connections, and the life of the process.
//!
//! ```text
//! process ─ sockets ─ worker (one thread, one runtime, one core) ─ accept ─ connection ─ answer ─ Handler
//! ```
//!
//! - `process`: pingora's shell: signals, hand-over of sockets, exit. [`run`] is `sluice run`; [`in_process`] is the same
//!   without a process around it, for tests and embedding;
//! - `sockets`: one `SO_REUSEPORT` socket for each core and address, and the keys under which they are handed over;
//! - `worker`: a thread with its runtime; `accept` takes connections, `connection` drives them;
//! - `stream` and `secure`: a connection with or without TLS, and the handshake;
//! - `framing` and `wire`: only unambiguous bytes reach hyper; a head that is refused is answered in its place;
//! - `gate`: what wire and exchange tell each other of that, beside the bytes;
//! - `gauge`, `flow` and `warden`: what is seen of a connection, how fast a body comes, and when either has to go;
//! - `around`: request ids, and secrets that no log shows, by tower-http's layers;
//! - `answer`: around each request: admission, panic guard, `Connection: close` while draining;
//! - [`Drain`]: whether the process is on its way out.
//!
//! Nothing on a core is `Send`, locked or shared, except the counters in `admission`, which hold for the process.
//!
//! Each wait has a bound: a handshake ([`Terms`]), a head ([`Settings::head_within`]), a body
//! ([`Settings::body_rate`]), an unused connection and a client that does not read ([`Settings::idle`]), the age of a connection ([`Settings::age`]), the drain ([`Settings::grace`]). One
//! task a core, the warden, keeps them all: a request costs no timer.

mod accept;
mod admission;
mod answer;
mod around;
mod connection;
mod core;
mod drain;
mod flow;
mod framing;
mod gate;
mod gauge;
mod held;
mod linger;
mod process;
mod protocol;
mod running;
mod secure;
mod signals;
mod sockets;
mod stream;
mod warden;
mod wire;
mod worker;

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;

use crate::body::Body;
use crate::refusal::Refusal;
use crate::tls::Terms;

pub use self::core::{Core, Hold};
pub use drain::Drain;
pub use process::{HandOver, ServeFault, run};
pub use running::{Running, in_process};

/// What answers requests. One value lives on each core and is shared by its connections; it need not be `Send`.
pub trait Handler: 'static {
    /// Answers one request. There is no error: a refusal is an answer.
    fn call(&self, request: Request<Incoming>, peer: Peer) -> impl Future<Output = Response<Body>>;

    /// A request was refused since there are all that can be carried.
    fn shed(&self) {}

    /// On what terms a new connection to a listener with TLS is secured; without any it is closed.
    fn terms(&self) -> Option<Arc<Terms>> {
        None
    }

    /// A connection to such a listener was closed before its first request: why.
    fn unsecured(&self, why: &'static str) {
        let _ = why;
    }
}

/// A request whose head is refused: it stands in for one that is none. [`Handler`]s find it in the extensions of a
/// request, and answer it and nothing else; the connection closes after it.
#[derive(Debug, Clone)]
pub struct Refused(pub Refusal);

/// Between whom a connection is.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The client's end.
    pub remote: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// What the listener is for.
    pub role: Role,
    /// What TLS proved; nothing on a plain connection.
    pub secured: Option<Rc<Secured>>,
}

/// What TLS proved of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secured {
    /// The host that the client asked for (SNI), in lower case.
    pub server_name: Option<Box<str>>,
    /// The client's certificate and what stands between it and its authority, DER; empty without a client certificate.
    pub certificates: Vec<Vec<u8>>,
}

/// What a listener is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Consumers' requests: on every core, within the limit on requests.
    Data,
    /// The admin API and pages: on the first core, never shed, with places of its own, so that an overloaded gateway can
    /// still be asked.
    Admin,
}

/// An address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// Port 0 picks one.
    pub address: SocketAddr,
    /// What it is for.
    pub role: Role,
    /// Whether it speaks TLS.
    pub secure: bool,
}

/// How requests are taken in. Every field is a bound.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub listeners: Vec<Listener>,
    /// Cores, each with its thread.
    pub workers: usize,
    /// Connections of consumers in the whole process; one more is closed at once.
    pub connections: usize,
    /// Requests in progress in the whole process; one more is answered 503.
    pub requests: usize,
    /// TLS handshakes of consumers in progress in the whole process; one more is closed at once.
    pub handshakes: usize,
    /// Connections of admin listeners, and their TLS handshakes in progress: consumers cannot use those places up.
    pub admin: usize,
    /// The longest that the head of a request may take.
    pub head_within: Duration,
    /// The longest that a connection stays without a request, or a client without reading its answer.
    pub idle: Duration,
    /// The age at which a connection is asked to close.
    pub age: Duration,
    /// Bytes of a request's head.
    pub head: usize,
    /// Header lines of a request.
    pub headers: usize,
    /// Bytes of a request's target.
    pub target: usize,
    /// Bytes a second that the body of a request has to come with while it is waited for; 0 for any.
    pub body_rate: u32,
    /// For how long less is taken.
    pub body_grace: Duration,
    /// Concurrent streams of one HTTP/2 connection.
    pub streams: u32,
    /// How long answers say `Connection: close` before listening ends.
    pub announce: Duration,
    /// How long requests in progress may take after listening has ended.
    pub grace: Duration,
}

impl Settings {
    /// These listeners, with the usual bounds and one worker a core.
    pub fn new(listeners: Vec<Listener>) -> Self {
        Self {
            listeners,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            connections: 20_000,
            requests: 10_000,
            handshakes: 2_000,
            admin: 256,
            head_within: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            age: Duration::from_secs(3600),
            head: 64 * 1024,
            headers: 100,
            target: 8 * 1024,
            body_rate: 100,
            body_grace: Duration::from_secs(20),
            streams: 128,
            announce: Duration::from_secs(2),
            grace: Duration::from_secs(30),
        }
    }
}

impl Settings {
    /// How large a head may be.
    fn bounds(&self) -> framing::Bounds {
        framing::Bounds {
            head: self.head,
            lines: self.headers,
            target: self.target,
        }
    }
}

impl Listener {
    /// A listener for consumers' requests.
    pub fn data(address: SocketAddr) -> Self {
        Self {
            address,
            role: Role::Data,
            secure: false,
        }
    }

    /// A listener for the admin API.
    pub fn admin(address: SocketAddr) -> Self {
        Self {
            address,
            role: Role::Admin,
            secure: false,
        }
    }

    /// The same with TLS, if `secure`.
    #[must_use]
    pub fn secured(self, secure: bool) -> Self {
        Self { secure, ..self }
    }
}
