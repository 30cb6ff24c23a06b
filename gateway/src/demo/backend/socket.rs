//! Accepts connections, reads requests whole, and carries out the faults that strike below HTTP.

use super::answer::{Answer, answer};
use super::fault::Fault;
use super::journal::Recorded;
use super::running::State;
use super::trouble::Trouble;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};

/// How long a connection may be silent, and how long a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs until told to stop; dropping the set drops every connection.
pub(super) async fn accept(listener: TcpListener, state: Arc<State>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = told(&mut stopped) => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(serve(stream, Arc::clone(&state))); }
                // Out of descriptors, most likely; it passes.
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// An error means that the owner is gone: the same.
async fn told(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// What happens to a connection once hyper has let go of it.
type Last = Arc<Mutex<Option<Ending>>>;

enum Ending {
    Reset,
    Garbage(Vec<u8>),
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let last = Last::default();
    let service = service_fn({
        let last = Arc::clone(&last);
        move |request| Box::pin(exchange(Arc::clone(&state), Arc::clone(&last), request))
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // Faults of a client are its own affair.
    let _ = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let mut stream = connection.into_parts().io.into_inner();
    let ending = last.lock().unwrap_or_else(PoisonError::into_inner).take();
    match ending {
        Some(Ending::Reset) => {
            let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
        Some(Ending::Garbage(bytes)) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        None => {
            let _ = stream.shutdown().await;
        }
    }
}

/// An exchange that ends in no answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection ends, on demand")]
struct Abort;

async fn exchange(
    state: Arc<State>,
    last: Last,
    request: Request<Incoming>,
) -> Result<Response<Paced>, Abort> {
    let end = |ending| {
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(ending);
        Err(Abort)
    };
    let (asked, too_large) = read(&state, request).await?;
    let fault = state.record(asked.clone());
    let done = || {
        if too_large {
            Trouble::TooLarge(state.body_cap).answer()
        } else {
            answer(&state, &asked)
        }
    };
    match fault {
        None => Ok(Paced::whole(done())),
        Some(Fault::Reset) => end(Ending::Reset),
        Some(Fault::Garbage(bytes)) => end(Ending::Garbage(bytes)),
        Some(Fault::LoseAnswer) => {
            done();
            end(Ending::Reset)
        }
        Some(Fault::Delay(wait)) => {
            sleep(wait).await;
            Ok(Paced::whole(done()))
        }
        Some(Fault::Race { id, patch }) => {
            state.race(&id, &patch);
            Ok(Paced::whole(done()))
        }
        Some(Fault::Fail) => Ok(Paced::whole(Trouble::Internal.answer())),
        Some(Fault::Answer(canned)) => Ok(Paced::whole(Answer {
            status: canned.status,
            headers: canned.headers,
            body: canned.body,
        })),
        Some(Fault::DropEtag) => {
            let mut answer = done();
            answer.headers.remove(header::ETAG);
            Ok(Paced::whole(answer))
        }
        // The pause lets the bytes before the break leave.
        Some(Fault::CutAfter(after)) => Ok(Paced::split(
            done(),
            after,
            [Piece::Wait(Duration::from_millis(20)), Piece::Break],
        )),
        Some(Fault::Pause { after, wait }) => Ok(Paced::split(done(), after, [Piece::Wait(wait)])),
        Some(Fault::Chunked(size)) => Ok(Paced::chunked(done(), size.max(1))),
    }
}

/// Reads the request; the flag says that its body exceeds the bound.
async fn read(state: &State, request: Request<Incoming>) -> Result<(Recorded, bool), Abort> {
    let (head, body) = request.into_parts();
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str())
        .to_owned();
    let collected = timeout(PATIENCE, Limited::new(body, state.body_cap).collect())
        .await
        .map_err(|_| Abort)?;
    let (body, too_large) = match collected {
        Ok(body) => (body.to_bytes(), false),
        Err(error) if error.is::<LengthLimitError>() => (Bytes::new(), true),
        Err(_) => return Err(Abort),
    };
    Ok((
        Recorded {
            method: head.method,
            target,
            headers: head.headers,
            body,
        },
        too_large,
    ))
}

enum Piece {
    Bytes(Bytes),
    Wait(Duration),
    Break,
}

/// A body that can pause and break.
struct Paced {
    pieces: VecDeque<Piece>,
    sleeping: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    fn whole(answer: Answer) -> Response<Self> {
        let body = answer.body.clone();
        Self::respond(answer, [Piece::Bytes(body)], true)
    }

    fn split<const N: usize>(answer: Answer, after: usize, between: [Piece; N]) -> Response<Self> {
        let mut first = answer.body.clone();
        let second = first.split_off(after.min(first.len()));
        let pieces = [Piece::Bytes(first)]
            .into_iter()
            .chain(between)
            .chain([Piece::Bytes(second)]);
        Self::respond(answer, pieces, true)
    }

    fn chunked(answer: Answer, size: usize) -> Response<Self> {
        let body = answer.body.clone();
        let starts = (0..body.len()).step_by(size);
        let chunk = |at: usize| Piece::Bytes(body.slice(at..body.len().min(at.saturating_add(size))));
        Self::respond(answer, starts.map(chunk).collect::<Vec<_>>(), false)
    }

    fn respond(answer: Answer, pieces: impl IntoIterator<Item = Piece>, sized: bool) -> Response<Self> {
        // RFC 9110, 8.6: no Content-Length in a 204; in a 304 it would be that of the document.
        let bare = matches!(answer.status.as_u16(), 204 | 304);
        let pieces = pieces
            .into_iter()
            .filter(|piece| !matches!(piece, Piece::Bytes(bytes) if bytes.is_empty()));
        let mut response = Response::new(Self {
            pieces: pieces.collect(),
            sleeping: None,
        });
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        if sized && !bare {
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from(answer.body.len()));
        }
        response
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Abort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Abort>>> {
        loop {
            if let Some(sleeping) = &mut self.sleeping {
                std::task::ready!(sleeping.as_mut().poll(cx));
                self.sleeping = None;
            }
            match self.pieces.pop_front() {
                None => return Poll::Ready(None),
                Some(Piece::Bytes(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Piece::Break) => return Poll::Ready(Some(Err(Abort))),
                Some(Piece::Wait(wait)) => self.sleeping = Some(Box::pin(sleep(wait))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.sleeping.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_end_stream() {
            SizeHint::with_exact(0)
        } else {
            SizeHint::default()
        }
    }
}
