//! The fields that every answer has, errors too: which version it is in, and what decided that.

use http::header::{CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::identify::Identified;
use crate::edition::Api;
use crate::fields::{media, vary};

/// The version that an answer is in.
pub const API_VERSION: HeaderName = HeaderName::from_static("api-version");

/// Marks an answer in a known version.
pub fn versioned(headers: &mut HeaderMap, api: &Api, identified: &Identified, success: bool) {
    let version = api.versions.get(identified.version.index());
    if let Some(label) = version.and_then(|v| v.label.clone()) {
        headers.insert(API_VERSION, label);
    }
    varies(headers, api);
    let selected = identified
        .media_type
        .as_ref()
        .filter(|_| success && media::is_json(&media::of(headers)));
    if let Some(value) = selected.and_then(|m| HeaderValue::from_str(m).ok()) {
        headers.insert(CONTENT_TYPE, value);
    }
}

/// Says what an answer of this API depends on.
pub fn varies(headers: &mut HeaderMap, api: &Api) {
    vary::add(headers, &api.varies);
    debug_assert!(api.varies.is_empty() || headers.contains_key(VARY));
}
