//! The way out: no request is lost on it.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sluice_gateway::serve::Settings;

use crate::stage::*;

#[test]
fn answers_say_close_once_the_drain_is_announced() {
    let (address, _) = echo_line();
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    assert!(!client.get("/").0.contains("connection: close"));
    assert!(!running.drain().is_draining());
    running.drain().announce();
    assert!(running.drain().is_draining());
    assert!(client.get("/").0.contains("connection: close"));
    assert_eq!(client.rest(), "");
    // Announced is not stopped: who comes now is still served.
    assert_eq!(status(&Client::connect(&running).get("/").0), 200);
    running.shutdown();
}

#[test]
fn a_request_in_progress_is_answered() {
    let (address, _) = backend(|mut stream, _| {
        read_head(&mut stream);
        std::thread::sleep(Duration::from_millis(500));
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .unwrap();
    });
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
    std::thread::sleep(Duration::from_millis(100));
    let stopping = std::thread::spawn(|| running.shutdown());
    let (head, body) = client.answer();
    assert_eq!((status(&head), body.as_str()), (200, "ok"));
    assert!(head.contains("connection: close"));
    stopping.join().unwrap();
}

#[tokio::test]
async fn streams_in_progress_are_answered() {
    let (address, _) = backend(|mut stream, _| {
        read_head(&mut stream);
        std::thread::sleep(Duration::from_millis(500));
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .unwrap();
    });
    let running = gateway(Plan::new(&[address]));
    let stream = tokio::net::TcpStream::connect(running.addresses()[0])
        .await
        .unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let ended = tokio::spawn(connection);
    let answers = futures_util::future::join_all((0..5).map(|_| {
        let request = Request::get("http://test/").body(Empty::<Bytes>::new()).unwrap();
        sender.clone().send_request(request)
    }));
    let (answers, stopped) = tokio::join!(answers, async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        tokio::task::spawn_blocking(|| running.shutdown()).await
    });
    stopped.unwrap();
    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().status() == StatusCode::OK)
    );
    let _ended = ended.await;
}

#[test]
fn a_tunnel_is_waited_for() {
    let (address, _) = backend(|mut stream, _| {
        read_head(&mut stream);
        let answer = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
        let mut buffer = [0; 16];
        let count = stream.read(&mut buffer).unwrap();
        stream.write_all(&buffer[..count]).unwrap();
    });
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    client.send("GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
    assert_eq!(status(&read_head(&mut client.0).unwrap()), 101);
    let stopping = std::thread::spawn(|| running.shutdown());
    std::thread::sleep(Duration::from_millis(500));
    client.send("still here");
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.rest(), "still here");
    stopping.join().unwrap();
}

#[test]
fn what_does_not_end_within_the_grace_is_cut() {
    let (address, _) = backend(|mut stream, _| {
        read_head(&mut stream);
        let _end = stream.read(&mut [0; 1]);
    });
    let settings = Settings {
        grace: Duration::from_millis(300),
        ..settings()
    };
    let mut plan = Plan::new(&[address]);
    plan.upstream.first_byte = PATIENCE * 10;
    let running = gateway_with(settings, plan);
    let mut client = Client::connect(&running);
    client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
    std::thread::sleep(Duration::from_millis(100));
    running.shutdown();
    assert_eq!(client.rest(), "");
}

/// Clients that use a connection until an answer says `close` lose nothing while the gateway goes.
#[test]
fn no_request_is_lost_under_load() {
    let (address, _) = echo_line();
    let running = gateway(Plan::new(&[address]));
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let target = running.addresses()[0];
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            std::thread::spawn(move || {
                let mut client = Client::to(target);
                while !stop.load(Ordering::SeqCst) {
                    let (head, _) = client.get("/");
                    assert_eq!(status(&head), 200);
                    answered.fetch_add(1, Ordering::SeqCst);
                    if head.contains("connection: close") {
                        client = Client::to(target);
                    }
                }
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    running.drain().announce();
    std::thread::sleep(Duration::from_millis(300));
    stop.store(true, Ordering::SeqCst);
    clients.into_iter().for_each(|client| client.join().unwrap());
    assert!(answered.load(Ordering::SeqCst) > 100);
    running.shutdown();
}
