//! The process and its signals: real processes, which this test starts from its own binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "data_plane/stage.rs"]
mod stage;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use sluice_gateway::body::Body;
use sluice_gateway::serve::{Core, Drain, HandOver, Handler, Listener, Peer, Settings, run};
use stage::{Client, PATIENCE, status};

/// How a process of this test is told what to be.
const ROLE: &str = "SLUICE_TEST_PROCESS";

struct Pid;

impl Handler for Pid {
    async fn call(&self, request: Request<Incoming>, _peer: Peer) -> Response<Body> {
        if request.uri().path() == "/slow" {
            tokio::time::sleep(Duration::from_millis(1500)).await;
        }
        Response::new(Body::full(std::process::id().to_string()))
    }
}

/// Not a test: the gateway process, when it is called as one.
#[test]
#[ignore = "the process that the others start"]
fn process() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let mut words = role.split(' ');
    let address = words.next().unwrap().parse().unwrap();
    let socket = words.next().unwrap().into();
    let upgrade = words.next() == Some("upgrade");
    let mut settings = Settings::new(vec![Listener::data(address)]);
    (settings.workers, settings.announce, settings.grace) =
        (2, Duration::from_millis(500), Duration::from_secs(10));
    let served = run(
        settings,
        &HandOver { socket, upgrade },
        Drain::new(),
        |_: &Core| Pid,
    );
    served.unwrap_or_else(|fault| {
        println!("{fault}");
        std::process::exit(3)
    });
}

struct Process(Child);

impl Process {
    fn start(address: SocketAddr, socket: &Path, upgrade: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["process", "--exact", "--ignored", "--nocapture"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.env(ROLE, format!("{address} {} {upgrade}", socket.display()));
        Self(command.spawn().unwrap())
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.0.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    fn ends(&mut self) -> Option<i32> {
        let deadline = Instant::now() + 2 * PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            sleep(Duration::from_millis(20));
        }
        panic!("the process did not end");
    }

    fn id(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn await_listening(address: SocketAddr) {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < deadline, "nobody listens");
        sleep(Duration::from_millis(20));
    }
}

/// Clients that use a connection until an answer says `close`; each gives the answers it had, and fails on a lost one.
struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn on(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || client(address, &stop))
        };
        Self {
            clients: (0..6).map(client).collect(),
            stop,
        }
    }

    fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        self.clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    }
}

fn client(address: SocketAddr, stop: &AtomicBool) -> Vec<String> {
    let mut answers = Vec::new();
    let mut client = Client::to(address);
    while !stop.load(Ordering::SeqCst) {
        let (head, body) = client.get("/");
        assert_eq!(status(&head), 200);
        answers.push(body);
        if head.contains("connection: close") {
            client = Client::to(address);
        }
        sleep(Duration::from_millis(1));
    }
    answers
}

#[test]
fn sigterm_drains_and_ends_the_process() {
    let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
    let mut process = Process::start(address, &directory.path().join("upgrade"), "");
    await_listening(address);
    let mut slow = Client::to(address);
    slow.send("GET /slow HTTP/1.1\r\nhost: test\r\n\r\n");
    let mut unused = Client::to(address);
    assert_eq!(status(&unused.get("/").0), 200);
    let began = Instant::now();
    process.signal("TERM");
    assert_eq!(slow.answer().1, process.id());
    assert_eq!(process.ends(), Some(0));
    assert_eq!(unused.rest(), "");
    // Not pingora's five minutes, nor our grace: the end comes when the work has ended.
    assert!(began.elapsed() < Duration::from_secs(9));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn sigquit_without_a_successor_is_refused() {
    let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
    let mut process = Process::start(address, &directory.path().join("upgrade"), "");
    await_listening(address);
    process.signal("QUIT");
    sleep(Duration::from_millis(5500));
    let (head, body) = Client::to(address).get("/");
    assert_eq!(body, process.id());
    assert!(!head.contains("connection: close"), "it is not draining");
    process.signal("TERM");
    assert_eq!(process.ends(), Some(0));
}

#[test]
fn an_address_in_use_ends_the_process_with_a_reason() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut process = Process::start(taken.local_addr().unwrap(), &directory.path().join("upgrade"), "");
    assert_eq!(process.ends(), Some(3));
}

#[test]
fn a_successor_takes_the_sockets_and_no_request_is_lost() {
    let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
    let socket = directory.path().join("upgrade");
    let mut old = Process::start(address, &socket, "");
    await_listening(address);
    let load = Load::on(address);
    sleep(Duration::from_millis(300));
    let mut new = Process::start(address, &socket, "upgrade");
    old.signal("QUIT");
    assert_eq!(old.ends(), Some(0));
    sleep(Duration::from_millis(300));
    let answers = load.end();
    let of = |process: &Process| answers.iter().filter(|answer| **answer == process.id()).count();
    assert!(of(&old) > 100 && of(&new) > 100, "{} and {}", of(&old), of(&new));
    assert_eq!(of(&old) + of(&new), answers.len());
    new.signal("TERM");
    assert_eq!(new.ends(), Some(0));
}
