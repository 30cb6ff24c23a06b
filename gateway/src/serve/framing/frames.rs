//! HTTP/2 as it passes: only its frames are seen here, to count those that cost work and carry nothing.
//!
//! What h2 itself bounds is not repeated (the size of heads, continuations, small DATA frames, streams that it had to reset
//! itself). It answers PING and SETTINGS for as long as they come, and a stream that is reset makes room for the next one
//! while its request may be under way; these two are bounded here. Allowances grow with time and with requests, so that
//! an ordinary connection never comes near them, however old it is.

/// Bytes of a frame's head (RFC 9113 §4.1).
const HEAD: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// What is allowed: at most, by the second, and for each request.
#[derive(Debug, Clone, Copy)]
struct Terms {
    most: i64,
    second: i64,
    request: i64,
    cost: i64,
}

/// Resets: a third of all requests, and 20 a second, and 200 at once.
const RESETS: Terms = Terms {
    most: 600,
    second: 60,
    request: 1,
    cost: 3,
};
/// Frames that carry nothing: 4 for each request, and 200 a second, and 2,000 at once.
const IDLE: Terms = Terms {
    most: 2000,
    second: 200,
    request: 4,
    cost: 1,
};

#[derive(Debug)]
struct Allowance {
    terms: Terms,
    left: i64,
}

impl Allowance {
    fn new(terms: Terms) -> Self {
        Self {
            terms,
            left: terms.most,
        }
    }

    fn grow(&mut self, by: i64) {
        self.left = self.left.saturating_add(by).min(self.terms.most);
    }

    /// Whether there was one left.
    fn spend(&mut self) -> bool {
        self.left -= self.terms.cost;
        self.left >= 0
    }
}

/// Too much that carries nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flood;

/// The frames of one connection, behind its preface.
#[derive(Debug)]
pub(super) struct Frames {
    head: [u8; HEAD],
    have: usize,
    /// What is to come of the frame's payload.
    left: usize,
    resets: Allowance,
    idle: Allowance,
    second: u32,
    /// A header block is coming.
    in_block: bool,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self {
            head: [0; HEAD],
            have: 0,
            left: 0,
            resets: Allowance::new(RESETS),
            idle: Allowance::new(IDLE),
            second: 0,
            in_block: false,
        }
    }

    /// Whether the header of a request is coming.
    pub(super) fn is_in_block(&self) -> bool {
        self.in_block
    }

    /// Takes note of the time, in whole seconds since some moment.
    pub(super) fn at(&mut self, second: u32) {
        let passed = i64::from(second.saturating_sub(self.second));
        if passed > 0 {
            self.second = second;
            self.resets.grow(passed * RESETS.second);
            self.idle.grow(passed * IDLE.second);
        }
    }

    /// Reads on.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), Flood> {
        while !bytes.is_empty() {
            let payload = self.left.min(bytes.len());
            self.left -= payload;
            bytes = &bytes[payload..];
            let more = (HEAD - self.have).min(bytes.len());
            self.head[self.have..self.have + more].copy_from_slice(&bytes[..more]);
            self.have += more;
            bytes = &bytes[more..];
            if self.have == HEAD {
                self.have = 0;
                self.frame()?;
            }
        }
        Ok(())
    }

    fn frame(&mut self) -> Result<(), Flood> {
        let [high, middle, low, kind, flags, ..] = self.head;
        self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        let spent = match kind {
            HEADERS => {
                self.in_block = flags & END_HEADERS == 0;
                self.resets.grow(RESETS.request);
                self.idle.grow(IDLE.request);
                true
            }
            CONTINUATION => {
                self.in_block = flags & END_HEADERS == 0;
                self.idle.spend()
            }
            // Windows open as fast as answers are read.
            WINDOW_UPDATE => true,
            DATA if self.left > 0 || flags & END_STREAM != 0 => true,
            RST_STREAM => self.resets.spend(),
            _ => self.idle.spend(),
        };
        if spent { Ok(()) } else { Err(Flood) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        [
            &[0, 0, length, kind, flags, 0, 0, 0, 1][..],
            &vec![7; usize::from(length)],
        ]
        .concat()
    }

    fn request() -> Vec<u8> {
        frame(HEADERS, END_HEADERS | END_STREAM, 20)
    }

    /// How many of these are read before it is too much.
    fn until_flood(bytes: &[u8]) -> Option<usize> {
        let mut frames = Frames::new();
        (0..100_000).find(|_| frames.read(bytes).is_err())
    }

    #[test]
    fn floods_end_early() {
        let reset = [request(), frame(RST_STREAM, 0, 4)].concat();
        assert!(until_flood(&reset).is_some_and(|count| count < 400));
        for kind in [2, 4, 6, 99] {
            assert_eq!(until_flood(&frame(kind, 0, 8)), Some(2000), "{kind}");
        }
        assert_eq!(until_flood(&frame(DATA, 0, 0)), Some(2000));
        assert!(until_flood(&frame(CONTINUATION, 0, 0)).is_some());
    }

    #[test]
    fn ordinary_connections_go_on() {
        assert_eq!(until_flood(&request()), None);
        assert_eq!(until_flood(&frame(WINDOW_UPDATE, 0, 4)), None);
        assert_eq!(until_flood(&frame(DATA, 0, 100)), None);
        let quarter = [request().repeat(4), frame(RST_STREAM, 0, 4), frame(6, 0, 8)].concat();
        assert_eq!(until_flood(&quarter), None);
        // All are given up, ten a second, for a day.
        let mut frames = Frames::new();
        let reset = [request(), frame(RST_STREAM, 0, 4)].concat();
        for second in 0..86_400 {
            frames.at(second);
            (0..10).for_each(|_| assert_eq!(frames.read(&reset), Ok(())));
        }
    }

    #[test]
    fn frames_are_found_however_they_are_cut() {
        let bytes = [frame(HEADERS, 0, 200), frame(CONTINUATION, END_HEADERS, 3)].concat();
        for size in [1, 2, 8, 9, 10, 100, 300] {
            let mut frames = Frames::new();
            for (at, piece) in bytes.chunks(size).enumerate() {
                assert_eq!(frames.read(piece), Ok(()));
                let read = (at + 1) * size;
                assert_eq!(frames.is_in_block(), (9..218).contains(&read), "{read} of {size}");
            }
        }
    }
}
