//! Errors travel one way: the backend's, or the gateway's written as one of 3.3, into a client's version.

use super::facts::Version;
use super::place::escape;
use serde_json::{Value, json};

/// The error body of a version for an error body of 3.3.
#[must_use]
pub fn error(version: &str, status: u16, stored: &Value) -> Value {
    let version = Version::named(version);
    let error = &stored["error"];
    if version.before_redesign() {
        return json!({"error": error["message"]});
    }
    let field = error
        .get("field")
        .and_then(Value::as_str)
        .and_then(|field| lowered(version, field));
    if version.beta() {
        return problem(status, error, field);
    }
    let mut lowered = error.clone();
    match (lowered.as_object_mut(), field) {
        (Some(_), Some(field)) => lowered["field"] = field.into(),
        (Some(members), None) => {
            members.shift_remove("field");
        }
        (None, _) => {}
    }
    json!({"error": lowered})
}

fn problem(status: u16, error: &Value, field: Option<String>) -> Value {
    let mut problem = json!({
        "type": format!("https://errors.integrationhub.example/{}", error["code"].as_str().unwrap_or_default()),
        "title": phrase(status),
        "status": status,
        "detail": error["message"],
    });
    if let Some(field) = field {
        problem["errors"] = json!([{"pointer": field, "detail": error["message"]}]);
    }
    problem
}

/// RFC 9110, section 15, and RFC 6585.
fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// Where a pointer into a 3.3 customer points in a version: its place, or that of the nearest ancestor that has one.
#[must_use]
pub fn pointer(version: &str, stored: &str) -> Option<String> {
    lowered(Version::named(version), stored)
}

pub(super) fn lowered(version: Version, stored: &str) -> Option<String> {
    let Some(stored) = stored.strip_prefix('/') else {
        return Some(String::new());
    };
    let (first, rest) = stored
        .split_once('/')
        .map_or((stored, None), |(first, rest)| (first, Some(rest)));
    let below = rest.map(|rest| format!("/{rest}")).unwrap_or_default();
    let head = below.split('/').nth(1);
    Some(match first {
        "id" => format!("/{}{below}", version.id()),
        "name" => format!("/{}{below}", version.name()),
        "phones" if version.one_phone() => "/phone".into(),
        "address" => address(version, head, &below),
        "balance" if version.before_redesign() => match head {
            Some("amount") => "/balance".into(),
            Some("currency") => "/currency".into(),
            _ => return None,
        },
        "consent" if version.opt_in() => part(head, "marketing", version.consent())?,
        "createdAt" => format!("/{}{below}", version.created_at()),
        "insights" if !version.shows_insights() => part(head, "segment", version.insights())?,
        other => format!("/{other}{below}"),
    })
}

/// The one member that is left of an object taken apart.
fn part(head: Option<&str>, member: &str, own: &str) -> Option<String> {
    (head == Some(member)).then(|| format!("/{}", escape(own)))
}

fn address(version: Version, head: Option<&str>, below: &str) -> String {
    let base = if version.beta() {
        "/addresses/0".to_owned()
    } else {
        format!("/{}", version.address())
    };
    if version.address_text() {
        return base;
    }
    match head {
        Some("postalCode") => format!("{base}/{}", version.postal_code()),
        Some("country") if version.hotfix() => format!("{base}/country/code"),
        Some("timezone") if !version.shows_timezone() => base,
        Some("geo") if !version.shows_geo() => base,
        _ => format!("{base}{below}"),
    }
}
