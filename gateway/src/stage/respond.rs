//! The fields that every answer has, errors too: which version it is in, and what decided that.

use http::header::{CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};
use sluice_config::plan::ApiPlan;

use super::identify::{self, Identified};
use crate::fields::{media, vary};

/// The version that an answer is in.
pub const API_VERSION: HeaderName = HeaderName::from_static("api-version");

/// Marks an answer in a known version.
pub fn versioned(headers: &mut HeaderMap, api: &ApiPlan, identified: &Identified, success: bool) {
    if let Ok(value) = HeaderValue::from_str(api.version_name(identified.version)) {
        headers.insert(API_VERSION, value);
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
pub fn varies(headers: &mut HeaderMap, api: &ApiPlan) {
    let names = identify::varies_by(api);
    vary::add(headers, &names);
    debug_assert!(names.is_empty() || headers.contains_key(VARY));
}
