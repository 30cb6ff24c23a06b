//! `traces` of `sluice.yaml` → where traces go.

use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue};

use super::{field_name, place, remote, secrets};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Secret, TracesPlan};
use crate::raw::RawTraces;
use crate::yaml::{Tree, push_key};

/// Fields that say how a message is read.
const RESERVED: [HeaderName; 6] = [
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    HOST,
    TRANSFER_ENCODING,
];

/// Judges the settings.
pub(super) fn build(tree: &Tree, raw: &RawTraces, faults: &mut Vec<Diagnostic>) -> Option<TracesPlan> {
    let written = remote::Written {
        at: "/traces/collector",
        reach_at: "/traces/reach",
        peril: "read and forge what it is told",
        url: &raw.collector,
        reach: &raw.reach,
    };
    let collector = remote::build(tree, &written, faults);
    let headers = headers(tree, raw, faults);
    Some(TracesPlan {
        collector: collector?,
        headers: headers?,
        share: raw.share,
        follow: raw.follow,
        service: raw.service.clone(),
        place: place(tree, "/traces"),
    })
}

fn headers(tree: &Tree, raw: &RawTraces, faults: &mut Vec<Diagnostic>) -> Option<Vec<(HeaderName, Secret)>> {
    let under = |key: &str, name: &str| {
        let mut at = format!("/traces/{key}");
        push_key(&mut at, name);
        at
    };
    let mut all: Vec<Option<(HeaderName, Secret)>> = Vec::new();
    for (name, value) in &raw.headers {
        let at = under("headers", name);
        let known = name_of(tree, &at, name, &all, faults);
        let secret = value_of(tree, &at, value, faults);
        all.push(known.zip(secret));
    }
    for (name, path) in &raw.header_files {
        let at = under("header_files", name);
        let known = name_of(tree, &at, name, &all, faults);
        all.push(known.map(|name| (name, secrets::file(tree, &at, path))));
    }
    all.into_iter().collect()
}

/// The name of a field that means nothing else and is not there yet.
fn name_of(
    tree: &Tree,
    at: &str,
    text: &str,
    before: &[Option<(HeaderName, Secret)>],
    faults: &mut Vec<Diagnostic>,
) -> Option<HeaderName> {
    let span = Some(tree.key_span(at));
    let name = field_name(&tree.file, span, text, faults)?;
    let (code, message) = if RESERVED.contains(&name) {
        let message = format!("`{name}` says how a message is read");
        (Code::ReservedField, message)
    } else if before.iter().flatten().any(|(known, _)| *known == name) {
        (Code::BadSettings, format!("the header `{name}` is given twice"))
    } else {
        return Some(name);
    };
    let fault = Diagnostic::new(code, &tree.file, span, message);
    faults.push(fault.hint("delete the line"));
    None
}

fn value_of(tree: &Tree, at: &str, value: &str, faults: &mut Vec<Diagnostic>) -> Option<Secret> {
    let secret = secrets::value(tree, at, value, faults)?;
    if HeaderValue::from_str(value).is_ok() && value.is_ascii() {
        return Some(secret);
    }
    let message = "the value of a header is text of one line, in ASCII";
    let hint = "the variable holds something else, such as a line end";
    faults.push(tree.fault(Code::BadField, at, message).hint(hint));
    None
}
