//! Media types: which bodies are documents, and how a version is named in one.

use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

/// The type without its parameters, in lower case.
pub fn essence(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// What the body of a message says it is; empty when it says nothing.
pub fn of(headers: &HeaderMap) -> String {
    headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).map(essence).unwrap_or_default()
}

/// Whether a media type is JSON (RFC 6839 §3.1).
pub fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// The values of a parameter in every entry of this media type, in `Accept` and `Content-Type`.
pub fn parameters(headers: &HeaderMap, media_type: &str, parameter: &str) -> Vec<String> {
    let lines = headers.get_all(ACCEPT).iter().chain(headers.get_all(CONTENT_TYPE));
    let entries = lines.filter_map(|v| v.to_str().ok()).flat_map(|line| line.split(','));
    let entries = entries.filter(|entry| essence(entry) == media_type);
    entries.filter_map(|entry| value_of(entry, parameter)).collect()
}

fn value_of(entry: &str, parameter: &str) -> Option<String> {
    let mut parameters = entry.split(';').skip(1).filter_map(|p| p.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case(parameter))?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// Replaces the media type that names a version by plain JSON: the upstream does not know it.
pub fn strip(headers: &mut HeaderMap, media_type: &str, json: &'static str) {
    for name in [ACCEPT, CONTENT_TYPE] {
        let named = |v: &HeaderValue| v.to_str().is_ok_and(|line| line.split(',').any(|entry| essence(entry) == media_type));
        if headers.get_all(&name).iter().any(named) {
            let value = if name == CONTENT_TYPE { json } else { "application/json" };
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// Narrows what the client accepts to the codings that can be opened here.
pub fn narrow_codings(headers: &mut HeaderMap) {
    if headers.contains_key(ACCEPT_ENCODING) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate, br"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_media_types() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/html, application/vnd.x+json; Version=\"3.1\";q=0.9"));
        assert_eq!(parameters(&headers, "application/vnd.x+json", "version"), ["3.1"]);
        strip(&mut headers, "application/vnd.x+json", "application/json");
        assert_eq!(headers[ACCEPT], "application/json");
        assert!(is_json("application/merge-patch+json") && !is_json("text/plain"));
    }
}
