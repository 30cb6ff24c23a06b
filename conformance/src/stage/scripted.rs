//! An upstream that follows a script: what it reads and writes is the test's, byte by byte.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::PATIENCE;

/// Plays `script` on each connection, told how many there were before. It ends with the process.
///
/// # Panics
/// There is no socket.
pub fn upstream(script: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let address = listener.local_addr().expect("an address");
    let script = std::sync::Arc::new(script);
    std::thread::spawn(move || {
        for (before, stream) in listener.incoming().flatten().enumerate() {
            let script = std::sync::Arc::clone(&script);
            let _options = (stream.set_nodelay(true), stream.set_read_timeout(Some(PATIENCE)));
            std::thread::spawn(move || script(stream, before));
        }
    });
    address
}

/// An address where nobody listens.
///
/// # Panics
/// There is no socket.
#[must_use]
pub fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    listener.local_addr().expect("an address")
}

/// The head of a request in lower case, or nothing when the connection has ended. Not a byte more is read.
pub fn head(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).to_ascii_lowercase())
}
