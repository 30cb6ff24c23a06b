//! What clients may do: keep a connection, pipeline, speak HTTP/2, switch protocols, or be slow.

use std::io::{Read, Write};
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Version};
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};

use sluice_gateway::serve::{Listener, Settings};

use crate::stage::*;

#[test]
fn a_connection_is_kept_on_both_sides() {
    let (address, accepted) = echo_line();
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    for path in ["/a?x=1", "/b", "/c"] {
        let (head, body) = client.get(path);
        assert_eq!(status(&head), 200);
        assert_eq!(body, format!("GET {path} HTTP/1.1"));
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
    running.shutdown();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let (address, _) = echo_line();
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    let all: String = (0..5)
        .map(|n| format!("GET /{n} HTTP/1.1\r\nhost: test\r\n\r\n"))
        .collect();
    client.send(all);
    for n in 0..5 {
        assert_eq!(client.answer().1, format!("GET /{n} HTTP/1.1"));
    }
    running.shutdown();
}

#[test]
fn a_client_may_close_its_half_before_the_answer() {
    let (address, _) = echo_line();
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    client.send("GET /half HTTP/1.1\r\nhost: test\r\n\r\n");
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(client.rest().ends_with("GET /half HTTP/1.1"));
    running.shutdown();
}

#[tokio::test]
async fn http_2_by_prior_knowledge_is_forwarded_as_http_1() {
    let (address, _) = echo_line();
    let running = gateway(Plan::new(&[address]));
    let stream = tokio::net::TcpStream::connect(running.addresses()[0])
        .await
        .unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let streams = (0..50).map(|n| {
        let mut sender = sender.clone();
        async move {
            let uri = format!("http://test/{n}");
            let answer = sender
                .send_request(Request::get(uri).body(Empty::<Bytes>::new()).unwrap())
                .await
                .unwrap();
            assert_eq!(
                (answer.status(), answer.version()),
                (StatusCode::OK, Version::HTTP_2)
            );
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, format!("GET /{n} HTTP/1.1"));
        }
    });
    futures_util::future::join_all(streams).await;
    tokio::task::spawn_blocking(|| running.shutdown()).await.unwrap();
}

#[tokio::test]
async fn trailers_pass_to_http_2() {
    let (address, _) = with_trailers();
    let running = gateway(Plan::new(&[address]));
    let stream = tokio::net::TcpStream::connect(running.addresses()[0])
        .await
        .unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = Request::post("http://test/")
        .body(Full::new(Bytes::from_static(b"x")))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let collected = answer.into_body().collect().await.unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "42".parse().unwrap());
    assert_eq!(collected.trailers(), Some(&trailers));
    assert_eq!(collected.to_bytes(), "hello");
    drop(sender);
    tokio::task::spawn_blocking(|| running.shutdown()).await.unwrap();
}

fn with_trailers() -> (
    std::net::SocketAddr,
    std::sync::Arc<std::sync::atomic::AtomicUsize>,
) {
    backend(|mut stream, _| {
        while let Some(_head) = read_head(&mut stream) {
            let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n\
                          5\r\nhello\r\n0\r\nx-sum: 42\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
        }
    })
}

#[test]
fn trailers_pass_to_http_1() {
    let (address, _) = with_trailers();
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    client.send("GET / HTTP/1.1\r\nhost: test\r\nte: trailers\r\nconnection: te, close\r\n\r\n");
    let answer = client.rest().to_ascii_lowercase();
    assert!(
        answer.contains("5\r\nhello\r\n0\r\nx-sum: 42\r\n\r\n"),
        "{answer}"
    );
    running.shutdown();
}

#[test]
fn a_switched_connection_is_a_tunnel() {
    let (address, _) = backend(|mut stream, _| {
        let head = read_head(&mut stream).unwrap().to_ascii_lowercase();
        assert!(
            head.contains("upgrade: echo") && head.contains("connection: upgrade"),
            "{head}"
        );
        // The first bytes of the new protocol come with the head.
        let answer = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhi ";
        stream.write_all(answer.as_bytes()).unwrap();
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            stream.write_all(&buffer[..count]).unwrap();
        }
    });
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    client.send("GET /ws HTTP/1.1\r\nhost: test\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n");
    assert_eq!(status(&read_head(&mut client.0).unwrap()), 101);
    client.send("ping");
    let mut echoed = [0; 7];
    client.0.read_exact(&mut echoed).unwrap();
    assert_eq!(&echoed, b"hi ping");
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.rest(), "");
    running.shutdown();
}

#[test]
fn a_refused_switch_is_an_answer() {
    let (address, _) = echo_line();
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    client.send("GET /ws HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
    assert_eq!(status(&client.answer().0), 200);
    assert_eq!(status(&client.get("/next").0), 200);
    running.shutdown();
}

#[test]
fn a_tunnel_that_falls_silent_is_closed() {
    let (address, _) = backend(|mut stream, _| {
        read_head(&mut stream);
        let answer = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
        let _end = stream.read(&mut [0; 1]);
    });
    let mut plan = Plan::new(&[address]);
    plan.upstream.idle = Duration::from_millis(100);
    let running = gateway(plan);
    let mut client = Client::connect(&running);
    client.send("GET /ws HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
    assert_eq!(status(&read_head(&mut client.0).unwrap()), 101);
    assert_eq!(client.rest(), "");
    running.shutdown();
}

#[test]
fn a_panic_is_one_requests_trouble() {
    let (address, _) = echo_line();
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    assert_eq!(problem(client.get("/panic")), (500, "internal".into()));
    assert_eq!(status(&client.get("/next").0), 200);
    running.shutdown();
}

#[test]
fn a_head_that_does_not_end_is_cut() {
    let (address, _) = echo_line();
    let settings = Settings {
        head_within: Duration::from_millis(100),
        ..settings()
    };
    let running = gateway_with(settings, Plan::new(&[address]));
    let begin = |bytes: &str| {
        let mut client = Client::connect(&running);
        client.send(bytes);
        client
    };
    assert_eq!(begin("").rest(), "");
    let mut slow = [begin("P"), begin("GET / HTTP/1.1\r\nhost:")];
    for client in &mut slow {
        assert_eq!(status(&client.answer().0), 408);
        assert_eq!(client.rest(), "");
    }
    let mut kept = begin("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
    assert_eq!(status(&kept.answer().0), 200);
    assert_eq!(status(&kept.send("GET /").answer().0), 408);
    assert_eq!(kept.rest(), "");
    running.shutdown();
}

#[test]
fn a_connection_that_nobody_uses_is_closed() {
    let (address, _) = echo_line();
    let settings = Settings {
        idle: Duration::from_millis(100),
        ..settings()
    };
    let running = gateway_with(settings, Plan::new(&[address]));
    let mut client = Client::connect(&running);
    assert_eq!(status(&client.get("/").0), 200);
    assert_eq!(client.rest(), "");
    running.shutdown();
}

#[test]
fn an_old_connection_is_asked_to_close() {
    let (address, _) = echo_line();
    let settings = Settings {
        age: Duration::from_millis(100),
        ..settings()
    };
    let running = gateway_with(settings, Plan::new(&[address]));
    let mut client = Client::connect(&running);
    let mut answers = 0;
    while client
        .0
        .write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
        .is_ok()
        && client.try_answer().is_some()
    {
        answers += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(answers > 0);
    running.shutdown();
}

#[test]
fn a_client_that_does_not_read_is_cut() {
    let (address, _) = backend(|mut stream, _| {
        read_head(&mut stream);
        let _head = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        while stream.write_all(&[0; 65536]).is_ok() {}
    });
    let settings = Settings {
        idle: Duration::from_millis(100),
        ..settings()
    };
    let running = gateway_with(settings, Plan::new(&[address]));
    let mut client = Client::connect(&running);
    client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
    std::thread::sleep(Duration::from_secs(4));
    // The rest of what was on its way, then the end: without the cut this would be read for ever.
    let mut buffer = vec![0; 1 << 20];
    while let Ok(1..) = client.0.read(&mut buffer) {}
    running.shutdown();
}

/// HTTP/2 has a window for each stream: the socket stays writable while an answer is not read.
#[tokio::test]
async fn an_http_2_stream_that_is_not_read_is_cut() {
    let (address, _) = backend(|mut stream, _| {
        read_head(&mut stream);
        let _head = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        while stream.write_all(&[0; 65536]).is_ok() {}
    });
    let running = gateway_with(
        Settings {
            idle: Duration::from_millis(100),
            ..settings()
        },
        Plan::new(&[address]),
    );
    let stream = tokio::net::TcpStream::connect(running.addresses()[0])
        .await
        .unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let ended = tokio::spawn(connection);
    let request = Request::get("http://test/").body(Empty::<Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let _ended = tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("the connection is cut");
    drop(answer);
    tokio::task::spawn_blocking(|| running.shutdown()).await.unwrap();
}

#[test]
fn the_client_has_its_100_from_the_gateway() {
    let (address, _) = backend(|mut stream, _| {
        let head = read_head(&mut stream).unwrap().to_ascii_lowercase();
        assert!(!head.contains("expect"), "{head}");
        stream.read_exact(&mut [0; 4]).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
    });
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    client.send("POST / HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n");
    assert_eq!(status(&read_head(&mut client.0).unwrap()), 100);
    assert_eq!(status(&client.send("body").answer().0), 200);
    running.shutdown();
}

#[test]
fn one_request_too_many_is_shed_and_admin_is_not() {
    let (address, accepted) = backend(|mut stream, _| {
        read_head(&mut stream);
        std::thread::sleep(PATIENCE);
    });
    let local = ([127, 0, 0, 1], 0).into();
    let listeners = vec![Listener::data(local), Listener::admin(local)];
    let settings = Settings {
        requests: 1,
        listeners,
        grace: Duration::ZERO,
        ..settings()
    };
    let running = gateway_with(settings, Plan::new(&[address]));
    let mut first = Client::connect(&running);
    first.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
    // The first one is under way once the backend has it.
    while accepted.load(Ordering::SeqCst) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let shed = Client::connect(&running).get("/collect");
    assert_eq!(problem(shed), (503, "overloaded".into()));
    assert_eq!(status(&Client::to(running.addresses()[1]).get("/collect").0), 200);
    running.shutdown();
}

#[test]
fn one_connection_too_many_is_closed() {
    let (address, _) = echo_line();
    let running = gateway_with(
        Settings {
            connections: 1,
            ..settings()
        },
        Plan::new(&[address]),
    );
    let mut first = Client::connect(&running);
    assert_eq!(status(&first.get("/").0), 200);
    assert_eq!(Client::connect(&running).rest(), "");
    assert_eq!(status(&first.get("/").0), 200);
    running.shutdown();
}

#[test]
fn consumers_do_not_shut_the_admin_listener_out() {
    let (address, _) = echo_line();
    let local = ([127, 0, 0, 1], 0).into();
    let settings = Settings {
        listeners: vec![Listener::data(local), Listener::admin(local)],
        connections: 2,
        admin: 1,
        ..settings()
    };
    let running = gateway_with(settings, Plan::new(&[address]));
    let mut held: Vec<Client> = (0..2).map(|_| Client::connect(&running)).collect();
    for client in &mut held {
        assert_eq!(status(&client.get("/").0), 200);
    }
    assert_eq!(
        Client::connect(&running).rest(),
        "",
        "consumers have used theirs up"
    );
    let admin = || Client::to(running.addresses()[1]);
    let mut first = admin();
    assert_eq!(status(&first.get("/livez").0), 200);
    assert_eq!(admin().rest(), "", "it has its own bound");
    drop(held);
    running.shutdown();
}
