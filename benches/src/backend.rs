//! A backend with fixed answers: the same for every contender.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::thread;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Fault;

/// Paths and the documents that stand there.
pub(crate) type Answers = Vec<(String, Bytes)>;

/// Serves the answers on a thread of its own for as long as this process lives.
pub(crate) fn start(answers: Answers) -> Result<SocketAddr, Fault> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Kept for the life of the process: it has no other end.
    let answers: &'static Answers = Box::leak(Box::new(answers));
    thread::Builder::new().name("backend".to_owned()).spawn(move || {
        runtime.block_on(async {
            if let Ok(listener) = TcpListener::from_std(listener) {
                tokio::task::LocalSet::new()
                    .run_until(accept(listener, answers))
                    .await;
            }
        });
    })?;
    Ok(address)
}

async fn accept(listener: TcpListener, answers: &'static Answers) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let service =
            service_fn(move |request| async move { Ok::<_, Infallible>(answered(answers, request).await) });
        tokio::task::spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// A request's body is read to its end, as a backend would.
async fn answered(answers: &'static Answers, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    while let Some(Ok(_frame)) = request.body_mut().frame().await {}
    answer(answers, &request)
}

fn answer(answers: &'static Answers, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let found = answers.iter().find(|(path, _)| path == request.uri().path());
    let body = found.map_or_else(Bytes::new, |(_, body)| body.clone());
    let mut answer = Response::new(Full::new(body));
    if found.is_none() {
        *answer.status_mut() = StatusCode::NOT_FOUND;
    }
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ETAG, HeaderValue::from_static("\"1\""));
    answer
}
