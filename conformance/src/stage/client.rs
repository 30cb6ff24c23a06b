//! A client of HTTP/1.1 that reads answers by their framing and forgives nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::tls::Secured;
use super::{Answer, PATIENCE};

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// The connection ended before a whole head came.
    NoHead,
    /// The body was shorter than its framing promised, or chunked and without an end: an aborted answer.
    Cut {
        /// The status of the head that came.
        status: u16,
        /// What came of the body.
        got: usize,
    },
    /// Nothing came for as long as is waited.
    Hung,
}

/// The way to the gateway.
enum Socket {
    Plain(TcpStream),
    Tls(Secured),
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Socket {
    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }

    fn finish(&mut self) {
        match self {
            Self::Plain(stream) => drop(stream.shutdown(Shutdown::Write)),
            Self::Tls(stream) => stream.finish(),
        }
    }
}

/// One connection.
pub struct Client {
    stream: BufReader<Socket>,
    host: String,
}

impl Client {
    /// Connects.
    ///
    /// # Panics
    /// There is no connection.
    #[must_use]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Self {
            stream: BufReader::new(Socket::Plain(stream)),
            host: address.to_string(),
        }
    }

    /// A client over TLS, for this host.
    #[must_use]
    pub fn secured(stream: Secured, host: &str) -> Self {
        Self {
            stream: BufReader::new(Socket::Tls(stream)),
            host: host.to_owned(),
        }
    }

    /// Whether its TLS went on from an earlier connection's.
    #[must_use]
    pub fn was_resumed(&self) -> bool {
        matches!(self.stream.get_ref(), Socket::Tls(stream) if stream.was_resumed())
    }

    /// Sends bytes as they are. What the other side no longer reads is not our concern: its answer is.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _lost = self.stream.get_mut().send(bytes.as_ref());
        self
    }

    /// Says that no more comes.
    pub fn finish(&mut self) {
        self.stream.get_mut().finish();
    }

    /// Sends a request. `Host` is added where it is missing, `Content-Length` where there is a body.
    pub fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> &mut Self {
        let has = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        if !has("host") {
            head.push_str(&format!("host: {}\r\n", self.host));
        }
        headers
            .iter()
            .for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        let framed = has("content-length") || has("transfer-encoding");
        if !framed && (!body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH")) {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        self.write([head.as_bytes(), body].concat())
    }

    /// Reads the answer to a request of this method; interim answers but 101 are skipped.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn answer(&mut self, method: &str) -> Result<Answer, Broken> {
        loop {
            let (status, headers) = self.head()?;
            if (100..200).contains(&status) && status != 101 {
                continue;
            }
            let bodiless = method == "HEAD" || matches!(status, 101 | 204 | 304);
            let (body, trailers) = match bodiless {
                true => (Vec::new(), HeaderMap::new()),
                false => self.body(status, &headers)?,
            };
            return Ok(Answer {
                status,
                headers,
                body,
                trailers,
            });
        }
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn exchange(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Broken> {
        self.request(method, target, headers, body).answer(method)
    }

    /// Reads the head of an answer.
    ///
    /// # Errors
    /// There is none.
    ///
    /// # Panics
    /// It is malformed.
    pub fn head(&mut self) -> Result<(u16, HeaderMap), Broken> {
        let line = self.line()?.ok_or(Broken::NoHead)?;
        let status = line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {line:?}"));
        Ok((status, self.fields()?))
    }

    /// Reads exactly so many bytes.
    ///
    /// # Panics
    /// They do not come.
    pub fn take(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).expect("these bytes");
        bytes
    }

    /// Reads what comes, at most so many bytes at once. Nothing at the end of the connection.
    pub fn some(&mut self, buffer: &mut [u8]) -> usize {
        self.stream.read(buffer).unwrap_or(0)
    }

    /// One byte, or none when the connection has ended.
    pub fn take_some(&mut self) -> Vec<u8> {
        let mut byte = [0];
        let count = self.stream.read(&mut byte).unwrap_or(0);
        byte[..count].to_vec()
    }

    /// Whether something has come, or the connection has ended. It does not wait.
    ///
    /// # Panics
    /// The socket is broken.
    pub fn has_begun_to_answer(&mut self) -> bool {
        if !self.stream.buffer().is_empty() {
            return true;
        }
        let mut byte = [0];
        match self.stream.get_ref() {
            Socket::Plain(stream) => {
                stream.set_nonblocking(true).expect("a socket");
                let peeked = stream.peek(&mut byte);
                stream.set_nonblocking(false).expect("a socket");
                !matches!(peeked, Err(error) if is_late(&error))
            }
            Socket::Tls(_) => false,
        }
    }

    /// Whether the connection has ended and nothing more comes.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.stream.read(&mut [0; 1]), Ok(0) | Err(_))
    }

    fn line(&mut self) -> Result<Option<String>, Broken> {
        let mut line = Vec::new();
        match self.stream.read_until(b'\n', &mut line) {
            Ok(_) => {}
            Err(error) if is_late(&error) => return Err(Broken::Hung),
            Err(_) => return Ok(None),
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        Ok(line.strip_suffix("\r\n").map(str::to_owned))
    }

    fn fields(&mut self) -> Result<HeaderMap, Broken> {
        let mut headers = HeaderMap::new();
        loop {
            let line = self.line()?.ok_or(Broken::NoHead)?;
            if line.is_empty() {
                return Ok(headers);
            }
            let (name, value) = line.split_once(':').expect("a field");
            let name: HeaderName = name.parse().expect("a field name");
            headers.append(name, HeaderValue::from_str(value.trim()).expect("a field value"));
        }
    }

    fn body(&mut self, status: u16, headers: &HeaderMap) -> Result<(Vec<u8>, HeaderMap), Broken> {
        let length = headers
            .get("content-length")
            .map(|v| v.to_str().expect("a text").parse().expect("a length"));
        let chunked = headers.get("transfer-encoding").is_some();
        assert!(!(length.is_some() && chunked), "two lengths: {headers:?}");
        let mut body = Vec::new();
        match length {
            Some(length) => self.piece(&mut body, length, status)?,
            None if chunked => return self.chunks(body, status),
            None => self.until_end(&mut body)?,
        }
        Ok((body, HeaderMap::new()))
    }

    fn until_end(&mut self, body: &mut Vec<u8>) -> Result<(), Broken> {
        match self.stream.read_to_end(body) {
            Err(error) if is_late(&error) => Err(Broken::Hung),
            _ => Ok(()),
        }
    }

    fn piece(&mut self, body: &mut Vec<u8>, length: u64, status: u16) -> Result<(), Broken> {
        let before = body.len() as u64;
        let read = (&mut self.stream).take(length).read_to_end(body);
        match read {
            Err(error) if is_late(&error) => Err(Broken::Hung),
            _ if body.len() as u64 - before < length => Err(Broken::Cut {
                status,
                got: body.len(),
            }),
            _ => Ok(()),
        }
    }

    fn chunks(&mut self, mut body: Vec<u8>, status: u16) -> Result<(Vec<u8>, HeaderMap), Broken> {
        loop {
            let cut = Broken::Cut {
                status,
                got: body.len(),
            };
            let size = self.line()?.ok_or_else(|| cut.clone())?;
            let size = u64::from_str_radix(&size, 16).unwrap_or_else(|_| panic!("no chunk size: {size:?}"));
            if size == 0 {
                return Ok((body, self.fields().map_err(|_| cut)?));
            }
            self.piece(&mut body, size, status)?;
            let end = self.line()?.ok_or(cut)?;
            assert!(end.is_empty(), "no end of a chunk: {end:?}");
        }
    }
}

fn is_late(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    )
}
