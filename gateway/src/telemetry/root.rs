//! The span of an exchange as a whole, after OpenTelemetry's semantic conventions for HTTP servers
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>).
//!
//! Left out on purpose: the path, whose values are names of people as often as not (`http.route` has its form), the query,
//! every field of the request, and the client's address. The access log has what may be shown of them, by the same ids.

use http::Version as Http;
use opentelemetry::{KeyValue, Value};

use super::access::{Line, shown};
use super::account::Draft;
use super::method;
use crate::journal::short;

/// The most characters of a host.
const HOST: usize = 255;

/// Ends the trace of an exchange, if it has one.
pub(super) fn end(draft: &Draft, line: &Line) {
    let Some(recording) = draft.trace.recording() else {
        return;
    };
    let method = method::span_name(&line.method);
    let name = match line.facts.route.as_str() {
        "" => method.to_owned(),
        route => format!("{method} {route}"),
    };
    let error = error(line);
    let failed = error.is_some();
    let attributes = attributes(draft, line).into_iter().chain([("error.type", error)]);
    let known = attributes.filter_map(|(name, value)| Some(KeyValue::new(name, value?)));
    recording.end(name, known.collect(), failed);
}

fn attributes(draft: &Draft, line: &Line) -> [(&'static str, Option<Value>); 16] {
    let facts = &line.facts;
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned().into());
    let (host, port) = draft.host.as_deref().map_or(("", None), split);
    let scheme = if draft.secure { "https" } else { "http" };
    let status = line.status.map(|status| i64::from(status.as_u16()));
    let generation = i64::try_from(line.generation).ok();
    [
        ("http.request.method", Some(method::name(&line.method).into())),
        ("url.scheme", Some(scheme.into())),
        ("http.route", text(&facts.route)),
        ("server.address", text(&short(host, HOST))),
        ("server.port", port.map(|port| i64::from(port).into())),
        ("network.protocol.version", protocol(draft.http).map(Value::from)),
        ("http.response.status_code", status.map(Value::from)),
        (
            "sluice.request_id",
            line.request_id.as_ref().map(|id| shown(id).into()),
        ),
        ("sluice.generation", generation.map(Value::from)),
        ("sluice.api", text(&facts.api)),
        ("sluice.version", text(&facts.version)),
        ("sluice.chosen_by", text(facts.chosen_by)),
        ("sluice.operation", text(&facts.operation)),
        ("sluice.consumer", facts.consumer.as_deref().and_then(text)),
        ("sluice.refused", line.refused.map(Value::from)),
        (
            "http.response.body.size",
            i64::try_from(line.sent).ok().map(Value::from),
        ),
    ]
}

/// What went wrong; to a server a client's mistake is none.
fn error(line: &Line) -> Option<Value> {
    if let Some(badly) = line.ended_badly() {
        return Some(badly.into());
    }
    let status = line.status.filter(|status| status.is_server_error())?;
    let code = line.refused.map(Value::from);
    Some(code.unwrap_or_else(|| status.as_u16().to_string().into()))
}

fn split(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port.parse().ok()),
        _ => (host, None),
    }
}

fn protocol(version: Http) -> Option<&'static str> {
    match version {
        Http::HTTP_10 => Some("1.0"),
        Http::HTTP_11 => Some("1.1"),
        Http::HTTP_2 => Some("2"),
        _ => None,
    }
}
