//! HTTP/2 by prior knowledge.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Answer, PATIENCE};

/// One connection; its streams are requests that may go on at the same time.
pub struct Http2 {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
}

impl Http2 {
    /// Connects, on the current tokio runtime.
    ///
    /// # Panics
    /// There is no connection.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("a handshake");
        tokio::spawn(connection);
        Self {
            sender,
            authority: address.to_string(),
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
            .uri(format!("http://{}{target}", self.authority));
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
