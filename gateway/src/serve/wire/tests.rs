//! What stays in memory of a connection.

use std::collections::VecDeque;
use std::future::poll_fn;

use super::*;
use crate::serve::gauge::Clock;

/// A client whose bytes come in these pieces.
struct Pieces(VecDeque<Vec<u8>>);

impl AsyncRead for Pieces {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(piece) = self.get_mut().0.pop_front() {
            buffer.put_slice(&piece);
        }
        Poll::Ready(Ok(()))
    }
}

fn wire(pieces: VecDeque<Vec<u8>>) -> Wire<Pieces> {
    let bounds = Bounds {
        head: 4096,
        lines: 20,
        target: 1024,
    };
    Wire::new(Pieces(pieces), Gauge::new(Clock::new()), bounds)
}

/// Reads to the end, as hyper does. Gives what came, and the most that was held.
async fn read(wire: &mut Wire<Pieces>) -> (Vec<u8>, usize) {
    let (mut all, mut most) = (Vec::new(), 0);
    loop {
        let mut piece = [0; 8192];
        let mut buffer = ReadBuf::new(&mut piece);
        let read = poll_fn(|cx| Pin::new(&mut *wire).poll_read(cx, &mut buffer)).await;
        assert!(read.is_ok());
        if buffer.filled().is_empty() {
            return (all, most);
        }
        all.extend_from_slice(buffer.filled());
        most = most.max(wire.held.bytes.capacity());
    }
}

#[tokio::test]
async fn a_pipeline_that_is_always_cut_in_a_head_holds_no_memory() {
    let head = b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n";
    let (begin, end) = head.split_at(10);
    let mut pieces: VecDeque<_> = (0..20_000).map(|_| [end, begin].concat()).collect();
    pieces.push_front(begin.to_vec());
    pieces.push_back(end.to_vec());
    let mut wire = wire(pieces);
    let (all, most) = read(&mut wire).await;
    assert_eq!(all, head.repeat(20_001));
    assert!(most < 32 * 1024, "{most}");
    assert_eq!(wire.held.bytes.capacity(), 0);
}
