//! The same rules for a request that came in HTTP/2, as far as its frames do not keep them already: h2 resets streams whose
//! fields are malformed or of a connection, and whose length is not that of their DATA.

use http::Request;
use http::header::{CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};

use super::{Bounds, Fault};
use crate::refusal::Kind;

/// What is wrong with a request.
pub(in crate::serve) fn judge<B>(request: &Request<B>, bounds: &Bounds) -> Option<Fault> {
    let fields = request.headers();
    if let Some(fault) = super::line::method_fault(request.method().as_str().as_bytes()) {
        return Some(fault);
    }
    if fields.len() > bounds.lines {
        return Some(Fault::new(
            Kind::HeadTooLarge,
            "the header has more lines than are read",
        ));
    }
    if request
        .uri()
        .path_and_query()
        .is_some_and(|target| target.as_str().len() > bounds.target)
    {
        return Some(Fault::new(
            Kind::TargetTooLong,
            "the target is longer than is read",
        ));
    }
    if fields.contains_key(TRANSFER_ENCODING) {
        return Some(Fault::malformed("HTTP/2 has no Transfer-Encoding"));
    }
    if fields.get_all(CONTENT_LENGTH).iter().count() > 1 {
        return Some(Fault::malformed("there is more than one Content-Length"));
    }
    let mut expected = fields.get_all(EXPECT).iter();
    let known = expected
        .next()
        .is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let once = expected.next().is_none();
    (!known || !once).then_some(super::head::EXPECTATION)
}
