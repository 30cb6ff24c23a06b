//! Whether a request to the admin listener is meant for it: which host it is for, and which page had it sent.
//!
//! Where there are no administrators, whoever reaches the listener may use it. A page of another site reaches it through
//! the browser of somebody who does: under a name that it has point here (DNS rebinding), or with a request that it has
//! the browser send without seeing the answer.

use std::net::{IpAddr, SocketAddr};

use http::header::ORIGIN;
use http::{HeaderMap, Request};

use crate::canonical;
use crate::refusal::{Kind, Refusal};
use crate::serve::Peer;

/// Where a request comes from, as the browser says (Fetch Metadata, W3C).
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// The host that a request is for, as it was written; empty where it names none.
///
/// # Errors
/// It names none that can be read.
pub(crate) fn host<B>(request: &Request<B>) -> Result<String, Refusal> {
    let host = canonical::host(request.uri(), request.headers(), request.version());
    let host = host.map_err(|fault| Refusal::from(&fault))?;
    Ok(host.map_or_else(String::new, |host| match host.port() {
        Some(port) => format!("{}:{port}", host.name()),
        None => host.name().to_owned(),
    }))
}

/// Whether that is a loopback host, or the address that is listened on.
pub(crate) fn is_here(host: &str, peer: &Peer, listens: Option<SocketAddr>) -> bool {
    let Ok(host) = canonical::authority(host) else {
        return false;
    };
    let name = host.name();
    if name == "localhost" || name.ends_with(".localhost") {
        return true;
    }
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let Ok(address) = bare.parse::<IpAddr>() else {
        return false;
    };
    let address = address.to_canonical();
    let own = |at: SocketAddr| at.ip().to_canonical() == address;
    address.is_loopback() || listens.is_some_and(own) || own(peer.local)
}

/// What a request for another host is answered. `what` is asked for.
pub(crate) fn misdirected(what: &str) -> Refusal {
    let detail = format!(
        "without admin_access {what} is there for loopback hosts alone, such as localhost or 127.0.0.1"
    );
    Refusal::new(Kind::Misdirected, detail)
}

/// What a browser says of the page that had it send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// Nothing: it is no browser, or an old one.
    Unsaid,
    /// It was a page of this host.
    Here,
    /// It does not say which: `null` stands for pages with `Referrer-Policy: no-referrer`, as ours are, and for pages
    /// that hide (Fetch, "append a request `Origin` header").
    Hidden,
    /// No page: somebody typed the address.
    Nobody,
    /// A page of another site.
    Elsewhere,
}

/// Who sent a request for this host.
pub(crate) fn sender(headers: &HeaderMap, host: &str) -> Sender {
    let site = headers.get(SEC_FETCH_SITE).map(|site| site.as_bytes());
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return Sender::Elsewhere;
    }
    let origin = headers
        .get(ORIGIN)
        .map(|origin| origin.to_str().unwrap_or_default());
    let bare = |origin: &str| {
        let rest = origin.strip_prefix("http://").or(origin.strip_prefix("https://"));
        rest.is_some_and(|origin| canonical::same_authority(origin, host))
    };
    match origin {
        Some("null") => Sender::Hidden,
        Some(origin) if !bare(origin) => Sender::Elsewhere,
        _ if site == Some(b"none") => Sender::Nobody,
        Some(_) => Sender::Here,
        None => Sender::Unsaid,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_browser_says_which_page_had_it_send_a_request() {
        let said = |fields: &[(&'static str, &'static str)]| {
            let fields = fields.iter().map(|(name, value)| {
                let name = http::HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            sender(&fields.collect(), "127.0.0.1:9901")
        };
        for (fields, expected) in [
            (&[][..], Sender::Unsaid),
            (&[("sec-fetch-site", "same-origin")], Sender::Unsaid),
            (&[("origin", "http://127.0.0.1:9901")], Sender::Here),
            (&[("sec-fetch-site", "none")], Sender::Nobody),
            (&[("origin", "null")], Sender::Hidden),
            (
                &[("origin", "null"), ("sec-fetch-site", "cross-site")],
                Sender::Elsewhere,
            ),
            (&[("sec-fetch-site", "same-site")], Sender::Elsewhere),
            (&[("origin", "http://127.0.0.1:1")], Sender::Elsewhere),
            (
                &[("origin", "http://evil.example"), ("sec-fetch-site", "none")],
                Sender::Elsewhere,
            ),
        ] {
            assert_eq!(said(fields), expected, "{fields:?}");
        }
    }
}
