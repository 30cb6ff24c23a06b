//! A backend that knows one todo and takes any other: HTTP/1.1, one request a connection.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::spawn;

/// What it knows.
pub(crate) const STORED: &str = r#"{"id":1,"name":"read","status":"open"}"#;

thread_local! {
    /// The body that was sent last to the backend of this test.
    static LAST: RefCell<Arc<Mutex<String>>> = RefCell::default();
}

/// The body that was sent last to the backend that this thread started.
pub(crate) fn last_body() -> String {
    LAST.with_borrow(|last| last.lock().unwrap().clone())
}

/// Serves until the test process ends.
pub(crate) fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let last = LAST.with_borrow(Arc::clone);
    spawn(move || {
        listener
            .incoming()
            .flatten()
            .for_each(|stream| answer(stream, &last))
    });
    address
}

fn answer(mut stream: TcpStream, last: &Mutex<String>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    *last.lock().unwrap() = body.clone();
    let (status, body) = if first.starts_with("GET") {
        ("200 OK", STORED.to_owned())
    } else {
        ("201 Created", body)
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all((head + &body).as_bytes());
}
