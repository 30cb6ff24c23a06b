//! What the upstream is told of the client's connection: `Forwarded` (RFC 7239), `X-Forwarded-*` and `Via` (RFC 9110
//! §7.6.3). What a client says of these itself is not believed.

use std::net::{IpAddr, SocketAddr};

use http::header::{FORWARDED, HOST, VIA};
use http::{HeaderMap, HeaderName, HeaderValue, Version};

const CLAIMED: [HeaderName; 6] = [
    FORWARDED,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-real-ip"),
];

/// Replaces what the client claims by what is known. `Host` becomes the upstream's.
pub fn set(headers: &mut HeaderMap, remote: SocketAddr, host: Option<&str>, version: Version) {
    CLAIMED.iter().for_each(|name| drop(headers.remove(name)));
    let address = remote.ip().to_canonical();
    insert(headers, "x-forwarded-for", &address.to_string());
    insert(headers, "x-forwarded-proto", "http");
    host.iter().for_each(|host| insert(headers, "x-forwarded-host", host));
    let node = if let IpAddr::V6(v6) = address { format!("\"[{v6}]\"") } else { address.to_string() };
    let host_part = host.map(|h| format!(";host=\"{h}\"")).unwrap_or_default();
    insert(headers, "forwarded", &format!("for={node}{host_part};proto=http"));
    headers.remove(HOST);
    via(headers, version);
}

/// Names this gateway on the way of a message.
pub fn via(headers: &mut HeaderMap, version: Version) {
    let received = if version == Version::HTTP_2 { "2" } else if version == Version::HTTP_10 { "1.0" } else { "1.1" };
    if let Ok(value) = HeaderValue::from_str(&format!("{received} sluice")) {
        headers.append(VIA, value);
    }
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_the_client_go() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6"));
        headers.insert("x-real-ip", HeaderValue::from_static("6.6.6.6"));
        set(&mut headers, "[::ffff:10.0.0.1]:9".parse().unwrap(), Some("api.example"), Version::HTTP_11);
        assert_eq!(headers["x-forwarded-for"], "10.0.0.1");
        assert_eq!(headers[FORWARDED], "for=10.0.0.1;host=\"api.example\";proto=http");
        assert!(!headers.contains_key("x-real-ip"));
        assert_eq!(headers[VIA], "1.1 sluice");
    }
}
