//! HTTP/1.1 and HTTP/2 by prior knowledge, with their bounds.

use std::time::Duration;

use hyper::rt::Executor;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto::Builder;

use super::Settings;

/// How often an HTTP/2 client is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);
/// Bytes of answers held for one HTTP/2 stream.
const SEND_BUFFER: usize = 64 * 1024;
/// Bytes that an HTTP/2 client may send ahead of being read: of a stream, of a connection.
const WINDOWS: (u32, u32) = (64 * 1024, 1024 * 1024);

/// Streams of one HTTP/2 connection: reset by the client before they are taken in; reset by us, in all, because the client
/// broke the protocol on them (CVE-2025-8671). A client's own cancellations are not among the latter.
const RESETS: (usize, usize) = (20, 128);
/// What hyper asks for at least.
const LEAST_BUFFER: usize = 8 * 1024;
/// Lines of trailers that pass, for which hyper has the bound of a head's.
const LEAST_LINES: usize = 64;

/// Spawns where it stands: HTTP/2 streams stay on the core of their connection.
#[derive(Clone, Copy)]
pub(super) struct OnCore;

impl<F: Future + 'static> Executor<F> for OnCore {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(async move {
            task.await;
        });
    }
}

pub(super) fn builder(settings: &Settings) -> Builder<OnCore> {
    let mut builder = Builder::new(OnCore);
    // Heads are timed by the warden: hyper's own timer would be set anew for each request.
    builder
        .http1()
        .half_close(true)
        .header_read_timeout(None)
        // The wire is stricter in all of these: it refuses, with a problem, before hyper would.
        .max_headers(settings.headers.max(LEAST_LINES))
        .max_buf_size(settings.head + LEAST_BUFFER);
    let (stream, connection) = WINDOWS;
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.streams)
        .max_header_list_size(u32::try_from(settings.head).unwrap_or(u32::MAX))
        .max_send_buf_size(SEND_BUFFER)
        .initial_stream_window_size(stream)
        .initial_connection_window_size(connection)
        .max_pending_accept_reset_streams(RESETS.0)
        .max_local_error_reset_streams(RESETS.1)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}
