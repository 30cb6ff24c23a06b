//! Fields of every answer.

use http::{HeaderName, HeaderValue};

use crate::build::judge::Judge;
use crate::diagnostic::Code;
use crate::plan::FieldsPlan;
use crate::raw::{RawFrames, RawSecurityHeaders, RawTransportSecurity};

const AT: &str = "/security_headers";

/// Fields that say how a message is read or which representation it is: the gateway or the backend sets them for each
/// answer.
const RESERVED: [&str; 19] = [
    "api-version",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "keep-alive",
    "location",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "via",
    "www-authenticate",
    "strict-transport-security",
];

pub(super) fn build(judge: &mut Judge<'_>, raw: &RawSecurityHeaders) -> Option<FieldsPlan> {
    let add = added(judge, raw);
    let set = set(judge, raw);
    let removed = raw.remove.iter().enumerate();
    let remove: Vec<_> = removed
        .map(|(i, text)| free(judge, &format!("{AT}/remove/{i}"), text))
        .collect();
    let over_tls = raw.strict_transport_security.as_ref();
    let over_tls = over_tls.map(|raw| transport(judge, raw));
    Some(FieldsPlan {
        set: set?,
        add: add?,
        over_tls: crate::build::judged(over_tls)?,
        remove: remove.into_iter().collect::<Option<_>>()?,
    })
}

/// What is said where the upstream says nothing.
fn added(judge: &mut Judge<'_>, raw: &RawSecurityHeaders) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let frames = raw.frame_options.map(|frames| match frames {
        RawFrames::Deny => "DENY".to_owned(),
        RawFrames::SameOrigin => "SAMEORIGIN".to_owned(),
    });
    let written = [
        ("frame_options", "x-frame-options", &frames),
        ("referrer_policy", "referrer-policy", &raw.referrer_policy),
        (
            "content_security_policy",
            "content-security-policy",
            &raw.content_security_policy,
        ),
    ];
    let mut all = Vec::new();
    for (key, name, text) in written {
        let Some(text) = text else { continue };
        let value = value(judge, &format!("{AT}/{key}"), text);
        all.push(value.map(|value| (HeaderName::from_static(name), value)));
    }
    all.into_iter().collect()
}

fn set(judge: &mut Judge<'_>, raw: &RawSecurityHeaders) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let mut all = Vec::new();
    if raw.nosniff {
        let name = HeaderName::from_static("x-content-type-options");
        all.push(Some((name, HeaderValue::from_static("nosniff"))));
    }
    for (key, text) in &raw.set {
        let mut pointer = format!("{AT}/set");
        crate::yaml::push_key(&mut pointer, key);
        let name = free(judge, &pointer, key);
        let value = value(judge, &pointer, text.as_str().unwrap_or_default());
        all.push(name.zip(value));
    }
    all.into_iter().collect()
}

fn transport(judge: &mut Judge<'_>, raw: &RawTransportSecurity) -> Option<(HeaderName, HeaderValue)> {
    let at = format!("{AT}/strict_transport_security");
    let age = judge.duration(&format!("{at}/max_age"), &raw.max_age)?;
    if raw.preload && !raw.subdomains {
        let message = "browsers list no host without the hosts below it";
        let hint = "write `subdomains: true`, or delete `preload`";
        judge.fault(
            Code::BadSettings,
            &format!("{at}/preload"),
            message,
            Some(hint.to_owned()),
        );
        return None;
    }
    let below = if raw.subdomains { "; includeSubDomains" } else { "" };
    let preload = if raw.preload { "; preload" } else { "" };
    let text = format!("max-age={}{below}{preload}", age.as_secs());
    let name = HeaderName::from_static("strict-transport-security");
    Some((name, HeaderValue::try_from(text).ok()?))
}

/// The name of a field.
pub(super) fn name(judge: &mut Judge<'_>, pointer: &str, text: &str) -> Option<HeaderName> {
    let span = Some(judge.tree.span(pointer));
    crate::build::field_name(&judge.tree.file, span, text, judge.faults)
}

/// The name of a field that is free to be set or taken out.
fn free(judge: &mut Judge<'_>, pointer: &str, text: &str) -> Option<HeaderName> {
    let name = name(judge, pointer, text)?;
    let reserved = RESERVED.contains(&name.as_str()) || name.as_str().starts_with("access-control-");
    if !reserved {
        return Some(name);
    }
    let message = format!("`{text}` is set for each answer by what the answer is");
    let hint = match name.as_str() {
        "strict-transport-security" => {
            "write `strict_transport_security`, which keeps it to answers over TLS"
        }
        name if name.starts_with("access-control-") => "write `cors`",
        _ => "delete the line",
    };
    judge.fault(Code::ReservedField, pointer, message, Some(hint.to_owned()));
    None
}

fn value(judge: &mut Judge<'_>, pointer: &str, text: &str) -> Option<HeaderValue> {
    let plain = !text.is_empty() && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    let value = HeaderValue::from_str(text).ok().filter(|_| plain);
    if value.is_none() {
        let message = "the value of a header is text of one line, in ASCII".to_owned();
        judge.fault(
            Code::BadField,
            pointer,
            message,
            Some("write it in plain characters".to_owned()),
        );
    }
    value
}
