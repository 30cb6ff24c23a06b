//! Methods as tracing has them: clients may make names up, and names of spans are few.

use http::Method;

/// The method, or `_OTHER` (OpenTelemetry's semantic conventions, `http.request.method`).
pub(super) fn name(method: &Method) -> &'static str {
    match span_name(method) {
        "HTTP" => "_OTHER",
        known => known,
    }
}

/// What a span is called of which only the method is known.
pub(super) fn span_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "HTTP",
    }
}
