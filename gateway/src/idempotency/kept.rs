//! An answer that is kept, and how it is written for the store.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::body::Body;

/// Marks an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// An answer as the client got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its status.
    pub status: StatusCode,
    /// Its fields.
    pub fields: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why a key that was used has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The request was sent, and no whole answer came.
    Unknown,
    /// The answer is larger than what is kept.
    TooLarge,
}

/// What became of a request with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Kept(Kept),
    /// It was sent; its answer is lost.
    Lost(Loss),
    /// It was never sent, or surely not carried out: the key may be used again.
    Free,
}

impl Kept {
    /// The answer once more.
    pub fn again(&self) -> Response<Body> {
        let mut answer = Response::new(Body::full(self.body.clone()));
        *answer.status_mut() = self.status;
        *answer.headers_mut() = self.fields.clone();
        answer
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
        answer
    }

    /// As bytes: status, fields, body, each with its length.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.status.as_u16().to_be_bytes());
        out.extend_from_slice(&(self.fields.len() as u32).to_be_bytes());
        for (name, value) in &self.fields {
            piece(out, name.as_str().as_bytes());
            piece(out, value.as_bytes());
        }
        piece(out, &self.body);
    }

    /// From these bytes; nothing when they are not whole.
    pub fn read(mut bytes: &[u8]) -> Option<Self> {
        let status = StatusCode::from_u16(u16::from_be_bytes(take(&mut bytes)?)).ok()?;
        let count = u32::from_be_bytes(take(&mut bytes)?);
        let mut fields = HeaderMap::new();
        for _ in 0..count {
            let name = HeaderName::from_bytes(next(&mut bytes)?).ok()?;
            fields.append(name, HeaderValue::from_bytes(next(&mut bytes)?).ok()?);
        }
        let body = Bytes::copy_from_slice(next(&mut bytes)?);
        bytes.is_empty().then_some(Self { status, fields, body })
    }
}

fn piece(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

fn next<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = u32::from_be_bytes(take(bytes)?) as usize;
    let (piece, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(piece)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_and_what_is_cut_is_not(
            status in 100u16..600,
            fields in proptest::collection::vec(("[a-z]{1,9}", "[ -~]{0,20}"), 0..6),
            body in proptest::collection::vec(any::<u8>(), 0..200),
            cut in 0usize..400,
        ) {
            let mut headers = HeaderMap::new();
            for (name, value) in &fields {
                headers.append(
                    HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                );
            }
            let kept = Kept { status: StatusCode::from_u16(status).unwrap(), fields: headers, body: body.into() };
            let mut written = Vec::new();
            kept.write(&mut written);
            prop_assert_eq!(Kept::read(&written), Some(kept));
            let cut = cut % written.len();
            prop_assert_eq!(Kept::read(&written[..cut]), None);
        }

        #[test]
        fn any_bytes_are_read_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _any = Kept::read(&bytes);
        }
    }
}
