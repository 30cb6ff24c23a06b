//! HTTP/2 by prior knowledge or over TLS.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::rt::{Read, Write};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::tls::Asking;
use super::{Answer, PATIENCE};

/// One connection; its streams are requests that may go on at the same time.
pub struct Http2 {
    sender: SendRequest<Full<Bytes>>,
    scheme: &'static str,
    authority: String,
}

impl Http2 {
    /// Connects, on the current tokio runtime.
    ///
    /// # Panics
    /// There is no connection.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Self::over(TokioIo::new(stream), "http", address.to_string()).await
    }

    /// Connects over TLS, on the current tokio runtime. The gateway has to agree to `h2`.
    ///
    /// # Panics
    /// There is no connection, or none that speaks HTTP/2.
    pub async fn secured(address: SocketAddr, host: &str, asking: &Asking<'_>) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let name = ServerName::try_from(host.to_owned()).expect("a name");
        let shaken = TlsConnector::from(asking.config()).connect(name, stream).await;
        let stream = shaken.expect("a handshake");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        Self::over(TokioIo::new(stream), "https", host.to_owned()).await
    }

    async fn over<S>(stream: S, scheme: &'static str, authority: String) -> Self
    where
        S: Read + Write + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(TokioExecutor::new(), stream)
            .await
            .expect("a handshake");
        tokio::spawn(connection);
        Self {
            sender,
            scheme,
            authority,
        }
    }

    /// The same connection, used for another host.
    #[must_use]
    pub fn for_host(&self, host: &str) -> Self {
        Self {
            sender: self.sender.clone(),
            scheme: self.scheme,
            authority: host.to_owned(),
        }
    }

    /// Sends a request and waits for its whole answer.
    ///
    /// # Errors
    /// The stream was reset, or the connection ended.
    ///
    /// # Panics
    /// The request cannot be written, or nothing comes for as long as is waited.
    pub async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, hyper::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}://{}{target}", self.scheme, self.authority));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body.to_vec())).expect("a request");
        let mut sender = self.sender.clone();
        let answer = timeout(PATIENCE, sender.send_request(request))
            .await
            .expect("an answer in time")?;
        let (parts, body) = answer.into_parts();
        let body = timeout(PATIENCE, body.collect()).await.expect("a body in time")?;
        let trailers = body.trailers().cloned().unwrap_or_default();
        let body = body.to_bytes().to_vec();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            trailers,
        })
    }
}
