//! Media types: which bodies are documents, and how a version is named in one.

use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use crate::refusal::{Kind, Refusal};

/// The type without its parameters, in lower case.
pub fn essence(value: &str) -> String {
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// What the body of a message says it is; empty when it says nothing.
pub fn of(headers: &HeaderMap) -> String {
    headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .map(essence)
        .unwrap_or_default()
}

/// What two readers would take for two media types: several lines, several types in one, bytes that are no text.
///
/// # Errors
/// The request says it so.
pub fn refuse_ambiguous(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let Some(line) = lines.next() else {
        return Ok(());
    };
    let type_of = |text: &str| text.split(';').next().unwrap_or_default().trim().to_owned();
    let plain = |essence: String| !essence.contains([',', ' ', '\t']);
    match line.to_str().map(type_of).is_ok_and(plain) && lines.next().is_none() {
        true => Ok(()),
        false => Err(Refusal::new(
            Kind::MalformedRequest,
            "Content-Type is not one media type: it could be read in two ways",
        )),
    }
}

/// Whether a media type is JSON (RFC 6839 §3.1).
pub fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// Whether a request's body is read as a document; one without a media type is taken for it.
pub fn is_document(headers: &HeaderMap) -> bool {
    let given = of(headers);
    given.is_empty() || is_json(&given) && given != "application/json-patch+json"
}

/// The values of a parameter in every entry of this media type, in `Accept` and `Content-Type`.
pub fn parameters(headers: &HeaderMap, media_type: &str, parameter: &str) -> Vec<String> {
    let lines = headers
        .get_all(ACCEPT)
        .iter()
        .chain(headers.get_all(CONTENT_TYPE));
    let entries = lines
        .filter_map(|v| v.to_str().ok())
        .flat_map(|line| line.split(','));
    let entries = entries.filter(|entry| essence(entry) == media_type);
    entries.filter_map(|entry| value_of(entry, parameter)).collect()
}

fn value_of(entry: &str, parameter: &str) -> Option<String> {
    let mut parameters = entry.split(';').skip(1).filter_map(|p| p.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case(parameter))?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// Whether an answer of this media type with a version in this parameter is accepted.
pub fn accepts(headers: &HeaderMap, media_type: &str, parameter: &str) -> bool {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|v| v.to_str().ok());
    let mut entries = lines
        .flat_map(|line| line.split(','))
        .filter(|entry| essence(entry) == media_type);
    entries.any(|entry| value_of(entry, parameter).is_some())
}

/// Replaces the media type that names a version by plain JSON: the upstream does not know it.
pub fn strip(headers: &mut HeaderMap, media_type: &str, json: &'static str) {
    for name in [ACCEPT, CONTENT_TYPE] {
        let named = |v: &HeaderValue| {
            v.to_str()
                .is_ok_and(|line| line.split(',').any(|entry| essence(entry) == media_type))
        };
        if headers.get_all(&name).iter().any(named) {
            let value = if name == CONTENT_TYPE {
                json
            } else {
                "application/json"
            };
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// The codings that can be opened here.
const OPENED: [&str; 4] = ["gzip", "x-gzip", "deflate", "br"];

/// Narrows what the client accepts to the codings that can be opened here. What it refuses stays refused: an answer that
/// is no document is passed on as it is.
pub fn narrow_codings(headers: &mut HeaderMap) {
    if !headers.contains_key(ACCEPT_ENCODING) {
        return;
    }
    let lines = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|v| v.to_str().ok());
    let kept: Vec<String> = lines
        .flat_map(|line| line.split(','))
        .filter_map(narrowed)
        .collect();
    let kept = if kept.is_empty() {
        "identity".to_owned()
    } else {
        kept.join(", ")
    };
    if let Ok(value) = HeaderValue::from_str(&kept) {
        headers.insert(ACCEPT_ENCODING, value);
    }
}

/// One member of `Accept-Encoding`; a wildcard becomes what it may stand for.
fn narrowed(member: &str) -> Option<String> {
    let coding = essence(member);
    match coding.as_str() {
        "identity" => Some(member.trim().to_owned()),
        "*" if is_refused(member) => Some("*;q=0".to_owned()),
        "*" => Some("gzip, deflate, br".to_owned()),
        known if OPENED.contains(&known) => Some(member.trim().to_owned()),
        _ => None,
    }
}

fn is_refused(member: &str) -> bool {
    value_of(member, "q").and_then(|q| q.parse::<f32>().ok()) == Some(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_narrowed_to_what_can_be_opened() {
        let narrow = |given: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(given));
            narrow_codings(&mut headers);
            headers[ACCEPT_ENCODING].to_str().unwrap().to_owned()
        };
        assert_eq!(narrow("zstd, br;q=0.5, gzip"), "br;q=0.5, gzip");
        assert_eq!(narrow("zstd"), "identity");
        assert_eq!(narrow("*"), "gzip, deflate, br");
        assert_eq!(narrow("identity, *;q=0"), "identity, *;q=0");
    }

    #[test]
    fn versions_in_media_types() {
        let mut headers = HeaderMap::new();
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("text/html, application/vnd.x+json; Version=\"3.1\";q=0.9"),
        );
        assert_eq!(parameters(&headers, "application/vnd.x+json", "version"), ["3.1"]);
        strip(&mut headers, "application/vnd.x+json", "application/json");
        assert_eq!(headers[ACCEPT], "application/json");
        assert!(is_json("application/merge-patch+json") && !is_json("text/plain"));
    }
}
