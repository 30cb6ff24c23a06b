//! What the wire has read and hyper has not got.

/// Bytes that hyper has not got: first those that may pass, then those that may not yet.
#[derive(Default)]
pub(super) struct Held {
    pub(super) bytes: Vec<u8>,
    given: usize,
    pub(super) free: usize,
}

impl Held {
    pub(super) fn may_pass(&self) -> &[u8] {
        &self.bytes[self.given..self.free]
    }

    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.free..]
    }

    pub(super) fn take(&mut self, count: usize) {
        self.given += count;
        if self.given == self.bytes.len() {
            // An idle connection holds no memory.
            *self = Self::default();
        }
    }

    /// Forgets what was given.
    pub(super) fn compact(&mut self) {
        self.bytes.drain(..self.given);
        self.free -= self.given;
        self.given = 0;
    }

    pub(super) fn replace(&mut self, bytes: &[u8]) {
        self.bytes.truncate(self.free);
        self.bytes.extend_from_slice(bytes);
        self.free = self.bytes.len();
    }
}
