//! What the tests of the data plane share: a backend that follows a script, a gateway that forwards, and a client that
//! speaks bytes.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use sluice_gateway::body::{Body, Bounds, Caps, collect, decode};
use sluice_gateway::refusal::Refusal;
use sluice_gateway::serve::{Core, Drain, Handler, Listener, Peer, Refused, Running, Settings, in_process};
use sluice_gateway::telemetry::Trace;
use sluice_gateway::upstream::{self, Upstream, hops, tunnel};

/// Within this a test fails instead of hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A backend that plays `script` on each connection, told how many there were before.
pub(crate) fn backend(
    script: impl Fn(TcpStream, usize) + Send + Sync + 'static,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::new(AtomicUsize::new(0));
    let (script, count) = (Arc::new(script), Arc::clone(&accepted));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let before = count.fetch_add(1, Ordering::SeqCst);
            let script = Arc::clone(&script);
            std::thread::spawn(move || script(stream, before));
        }
    });
    (address, accepted)
}

/// A backend that answers each request with its own request line as body.
pub(crate) fn echo_line() -> (SocketAddr, Arc<AtomicUsize>) {
    backend(|mut stream, _| {
        while let Some(head) = read_head(&mut stream) {
            let line = head.lines().next().unwrap().to_owned();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{line}", line.len());
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    })
}

/// One head, or nothing when the connection has ended. Reads byte by byte: what follows is the script's.
pub(crate) fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8(head).unwrap())
}

/// What the forwarding gateway of a test is made of.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) upstream: upstream::Settings,
    pub(crate) bounds: Bounds,
    pub(crate) caps: Caps,
}

impl Plan {
    pub(crate) fn new(endpoints: &[SocketAddr]) -> Self {
        let mut upstream = upstream::Settings::new(endpoints.iter().map(SocketAddr::to_string));
        upstream.first_byte = Duration::from_secs(5);
        let second = Duration::from_secs(1);
        Self {
            upstream,
            bounds: Bounds {
                bytes: 1 << 20,
                idle: second,
                total: 3 * second,
            },
            caps: Caps {
                decoded: 8 << 20,
                ratio: 100,
            },
        }
    }
}

/// Forwards everything; `/collect` reads and opens the body and answers its length; `/panic` does.
pub(crate) struct Forward {
    core: Core,
    plan: Plan,
    upstream: Upstream,
}

impl Forward {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        match request.uri().path() {
            "/collect" => self.collect(request).await,
            "/panic" => panic!("as the test asked"),
            _ if hops::upgrade(request.headers()).is_some() => self.switch(request).await,
            _ => self.forward(request).await,
        }
    }

    async fn collect(&self, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let (head, body) = request.into_parts();
        let coding = head
            .headers
            .get("content-encoding")
            .map_or("", |value| value.to_str().unwrap());
        let held = collect(body, &self.plan.bounds).await;
        let held = held.map_err(|fault| Refusal::of_request_body(&fault))?;
        let opened = decode(coding, held, &self.plan.caps).await;
        let opened = opened.map_err(|fault| Refusal::of_request_coding(&fault))?;
        Ok(Response::new(Body::full(opened.len().to_string())))
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let mut request = request.map(|body| Body::incoming(body, self.plan.upstream.idle));
        hops::strip(request.headers_mut());
        let (untraced, method) = (Trace::default(), request.method().clone());
        let mut answer = self
            .upstream
            .send(request, &untraced.tries("", &method))
            .await
            .map_err(|fault| Refusal::from(&fault))?;
        hops::strip(answer.headers_mut());
        Ok(answer)
    }

    async fn switch(&self, mut request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let client = hyper::upgrade::on(&mut request);
        let protocol = hops::upgrade(request.headers()).unwrap();
        let mut request = request.map(|_| Body::empty());
        hops::strip(request.headers_mut());
        hops::set_upgrade(request.headers_mut(), protocol.clone());
        let (untraced, method) = (Trace::default(), request.method().clone());
        let mut answer = self
            .upstream
            .send(request, &untraced.tries("", &method))
            .await
            .map_err(|fault| Refusal::from(&fault))?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            hops::strip(answer.headers_mut());
            return Ok(answer);
        }
        let upstream = hyper::upgrade::on(&mut answer);
        let (head, body) = answer.into_parts();
        let hold = (self.core.hold(), body);
        tokio::task::spawn_local(tunnel(client, upstream, self.plan.upstream.idle, hold));
        Ok(Response::from_parts(head, Body::empty()))
    }
}

impl Handler for Forward {
    async fn call(&self, mut request: Request<Incoming>, _peer: Peer) -> Response<Body> {
        if let Some(Refused(refusal)) = request.extensions_mut().remove::<Refused>() {
            return refusal.answer();
        }
        let mut answer = self
            .answer(request)
            .await
            .unwrap_or_else(|refusal| refusal.answer());
        let core = self.core.index().into();
        answer.headers_mut().insert("x-core", core);
        answer
    }
}

pub(crate) fn settings() -> Settings {
    let listener = Listener::data(([127, 0, 0, 1], 0).into());
    let settings = Settings::new(vec![listener]);
    Settings {
        workers: 2,
        announce: Duration::ZERO,
        grace: Duration::from_secs(10),
        ..settings
    }
}

pub(crate) fn gateway(plan: Plan) -> Running {
    gateway_with(settings(), plan)
}

pub(crate) fn gateway_with(settings: Settings, plan: Plan) -> Running {
    in_process(settings, Drain::new(), factory(plan)).unwrap()
}

pub(crate) fn factory(plan: Plan) -> impl Fn(&Core) -> Forward + Send + Sync + 'static {
    move |core| {
        let (core, plan) = (core.clone(), plan.clone());
        let upstream = Upstream::new(plan.upstream.clone());
        Forward { core, plan, upstream }
    }
}

/// A connection to the gateway.
pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) fn connect(running: &Running) -> Self {
        Self::to(running.addresses()[0])
    }

    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.0.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// Head and body of one answer whose length is declared.
    pub(crate) fn answer(&mut self) -> (String, String) {
        self.try_answer().expect("an answer")
    }

    pub(crate) fn try_answer(&mut self) -> Option<(String, String)> {
        let head = read_head(&mut self.0)?.to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap_or("0");
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).ok()?;
        Some((head, String::from_utf8(body).unwrap()))
    }

    pub(crate) fn get(&mut self, path: &str) -> (String, String) {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
            .answer()
    }

    /// Everything until the connection ends.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        // A reset after the answer is an end too.
        let _ended = self.0.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }
}

pub(crate) fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The code of a problem, with its status.
pub(crate) fn problem((head, body): (String, String)) -> (u16, String) {
    assert!(
        head.contains("content-type: application/problem+json"),
        "{head}{body}"
    );
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["status"], status(&head));
    (status(&head), problem["code"].as_str().unwrap().to_owned())
}

pub(crate) fn post(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n{fields}\r\n");
    [head.as_bytes(), body].concat()
}
