//! An identity server of the test, and what is asked of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::PATIENCE;

/// A server that answers every request with the same bytes, and remembers what it was asked.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) answer: Arc<Mutex<Vec<u8>>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    pub(crate) pause: Arc<Mutex<Duration>>,
}

impl Server {
    pub(crate) fn new(answer: Vec<u8>) -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    pub(crate) fn at(listener: TcpListener, answer: Vec<u8>) -> Self {
        let server = Self {
            address: listener.local_addr().unwrap(),
            answer: Arc::new(Mutex::new(answer)),
            asked: Arc::default(),
            pause: Arc::default(),
        };
        let own = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        server
    }

    fn serve(&self, mut stream: TcpStream) {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let Some(request) = request(&mut stream) else {
            return;
        };
        self.asked.lock().unwrap().push(request);
        let pause = *self.pause.lock().unwrap();
        std::thread::sleep(pause);
        let answer = self.answer.lock().unwrap().clone();
        let _gone = stream.write_all(&answer);
    }

    pub(crate) fn now_answers(&self, answer: Vec<u8>) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn now_waits(&self, pause: Duration) {
        *self.pause.lock().unwrap() = pause;
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// A request with its body, or nothing when the connection ends.
pub(crate) fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(head + std::str::from_utf8(&body).unwrap())
}

pub(crate) fn ok(body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").into_bytes()
}
