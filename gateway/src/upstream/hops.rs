//! Fields that belong to one connection and are not forwarded (RFC 9110 §7.6.1).
//!
//! They go before any field of the gateway's own is set: `Connection: X-Consumer` removes what the client sent under that
//! name, never what the gateway says.

use crate::fields::has_any;
use http::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE,
};

const NAMED: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TRANSFER_ENCODING,
    UPGRADE,
    TE,
];

/// Removes the fields of the connection, and those that `Connection` names. `TE` keeps its one member that passes a
/// gateway, `trailers`.
pub fn strip(headers: &mut HeaderMap) {
    if !has_any(headers, &NAMED) {
        return;
    }
    let te = narrowed_te(headers);
    if headers.contains_key(CONNECTION) {
        for name in named_by_connection(headers) {
            headers.remove(name);
        }
    }
    for name in &NAMED {
        headers.remove(name);
    }
    te.into_iter().for_each(|te| drop(headers.insert(TE, te)));
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let lists = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let names = lists.flat_map(|list| list.split(','));
    names
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name| *name != TE)
        .collect()
}

fn narrowed_te(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut members = headers.get(TE)?.to_str().unwrap_or_default().split(',');
    let trailers = members.any(|member| member.trim().eq_ignore_ascii_case("trailers"));
    trailers.then(|| HeaderValue::from_static("trailers"))
}

/// The protocol that a message asks or answers to switch to: `Upgrade`, if `Connection` names it (RFC 9110 §7.8). One
/// protocol, and none that carries further requests: in a tunnel nobody would check those.
pub fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut lines = headers.get_all(UPGRADE).iter();
    let protocol = lines.next().filter(|_| lines.next().is_none())?;
    let asked = named_by_connection(headers).contains(&UPGRADE);
    (asked && !carries_requests(protocol)).then(|| protocol.clone())
}

/// `h2c`, `HTTP/2.0`, `TLS/1.0` and their like, or a list, of which the backend might choose one of them.
fn carries_requests(protocol: &HeaderValue) -> bool {
    let text = protocol.to_str().unwrap_or(",").to_ascii_lowercase();
    let name = text.split('/').next().unwrap_or_default().trim();
    text.contains(',') || matches!(name, "h2" | "h2c" | "h3" | "http" | "https" | "tls" | "spdy")
}

/// Puts back what [`upgrade`] found, after [`strip`].
pub fn set_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let fields = fields.iter();
        fields
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn fields_of_the_connection_go_and_others_stay() {
        let mut all = headers(&[
            ("connection", "close, X-Secret , keep-alive"),
            ("x-secret", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "close"),
            ("proxy-authorization", "Basic eA=="),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("te", "gzip, trailers"),
            ("trailer", "x-sum"),
            ("authorization", "Bearer x"),
        ]);
        strip(&mut all);
        let kept = headers(&[
            ("te", "trailers"),
            ("trailer", "x-sum"),
            ("authorization", "Bearer x"),
        ]);
        assert_eq!(all, kept);
    }

    #[test]
    fn te_without_trailers_goes() {
        let mut all = headers(&[("te", "gzip;q=0.5"), ("connection", "te")]);
        strip(&mut all);
        assert!(all.is_empty());
    }

    #[test]
    fn an_upgrade_counts_only_if_the_connection_names_it() {
        assert!(upgrade(&headers(&[("upgrade", "websocket")])).is_none());
        assert!(upgrade(&headers(&[("connection", "close"), ("upgrade", "websocket")])).is_none());
        for smuggled in ["h2c", "H2C", "websocket, h2c", "HTTP/2.0", "TLS/1.2"] {
            assert!(upgrade(&headers(&[("connection", "upgrade"), ("upgrade", smuggled)])).is_none());
        }
        let asked = headers(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")]);
        assert_eq!(upgrade(&asked), Some(HeaderValue::from_static("websocket")));
    }
}
