//! What the upstream is told of the client's connection: `Forwarded` (RFC 7239), `X-Forwarded-*` and `Via` (RFC 9110
//! §7.6.3). What a client says of these itself is not believed, nor anything else by which backends know who asks, from
//! where, and for what: no backend may read a request otherwise than it was authorised.

use std::net::IpAddr;

use http::header::{FORWARDED, HOST, TRAILER, VIA};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

use crate::framing::chunks::FORBIDDEN;
use crate::refusal::{Kind, Refusal};
use crate::stage::forward::Client;

pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Replaces what the client claims by what is known. `Host` becomes the upstream's.
pub fn set(headers: &mut HeaderMap, client: &Client<'_>) {
    remove_claims(headers);
    let peer = client.remote.ip().to_canonical();
    let own = written(peer);
    let (mut chain, mut whole) = (String::new(), String::with_capacity(80));
    // The client first, the nearest proxy last.
    for hop in client.hops.iter().rev() {
        let text = written(*hop);
        push_node(&mut whole, &text, *hop);
        if chain.is_empty() {
            push_facts(&mut whole, client);
        }
        chain.extend([&text, ", "]);
        whole.push_str(", ");
    }
    push_node(&mut whole, &own, peer);
    if chain.is_empty() {
        push_facts(&mut whole, client);
    }
    insert(headers, FORWARDED, HeaderValue::try_from(whole));
    let chain = if chain.is_empty() { own } else { chain + &own };
    insert(headers, X_FORWARDED_FOR, HeaderValue::try_from(chain));
    if let Some(host) = client.host {
        insert(headers, X_FORWARDED_HOST, HeaderValue::from_str(host));
    }
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(client.scheme()));
    headers.remove(HOST);
    via(headers, client.version);
}

fn push_node(text: &mut String, address: &str, of: IpAddr) {
    let (open, close) = if of.is_ipv6() { ("\"[", "]\"") } else { ("", "") };
    text.extend(["for=", open, address, close]);
}

fn push_facts(text: &mut String, client: &Client<'_>) {
    if let Some(host) = client.host {
        text.extend([";host=\"", host, "\""]);
    }
    text.extend([";proto=", client.scheme()]);
}

/// Refuses what asks a backend to take the request for one with another method: it was authorised with its own.
///
/// # Errors
/// The client sends such a field, and it names another method.
pub fn refuse_override(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    for name in &OVERRIDES {
        let mut lines = headers.get_all(name).iter();
        if lines.any(|value| !value.as_bytes().eq_ignore_ascii_case(method.as_str().as_bytes())) {
            let detail = format!("`{name}` is not accepted: send the request with the method that is meant");
            return Err(Refusal::new(Kind::MalformedRequest, detail));
        }
    }
    Ok(())
}

/// Fields that overrule the method of the request line in many frameworks.
const OVERRIDES: [HeaderName; 3] = [
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-method-override"),
];

/// Whether a name, in lower case, says something that nobody but the gateway says: who asks, from where, or that
/// another path, host or method is meant.
pub(crate) fn is_claim(name: &str) -> bool {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    match name.as_bytes().first() {
        Some(b'x') => {
            let family = [
                "x-consumer",
                "x-forwarded-",
                "x-original-",
                "x-ssl-",
                "x-remote-",
                "x-auth-request-",
                "x-webauth-",
            ];
            begins(&family)
                || OVERRIDES.iter().any(|known| known == name)
                || matches!(
                    name,
                    "x-forwarded"
                        | "x-real-ip"
                        | "x-client-ip"
                        | "x-client-cert"
                        | "x-cluster-client-ip"
                        | "x-originating-ip"
                        | "x-envoy-external-address"
                        | "x-azure-clientip"
                        | "x-host"
                        | "x-rewrite-url"
                        | "x-url-scheme"
                )
        }
        Some(b'c') => matches!(
            name,
            "client-ip" | "client-cert" | "client-cert-chain" | "cf-connecting-ip" | "cf-connecting-ipv6"
        ),
        Some(b'f') => {
            matches!(
                name,
                "forwarded" | "forwarded-for" | "fastly-client-ip" | "front-end-https"
            )
        }
        Some(b'p') => name == "proxy",
        Some(b'r') => matches!(name, "remote-user" | "remote-addr"),
        Some(b's') => begins(&["ssl-client-"]),
        Some(b't') => name == "true-client-ip",
        _ => false,
    }
}

/// Removes what the client claims, also written with underscores: to a CGI or WSGI backend these are the same names.
fn remove_claims(headers: &mut HeaderMap) {
    let claims = |name: &str| match name.as_bytes().contains(&b'_') {
        true => is_claim(&name.replace('_', "-")),
        false => is_claim(name),
    };
    let found = headers.keys().filter(|name| claims(name.as_str()));
    let found: Vec<HeaderName> = found.cloned().collect();
    found.iter().for_each(|name| drop(headers.remove(name)));
    // HTTP/1 is held to this at the socket; trailers of HTTP/2 are not seen there.
    let framing = |name: &str| FORBIDDEN.contains(&name.replace('_', "-").as_bytes());
    withhold(headers, |name| claims(name) || framing(name));
}

/// What is not taken before a body is not taken after it either: without an announcement, no trailer is forwarded.
pub fn withhold(headers: &mut HeaderMap, refused: impl Fn(&str) -> bool) {
    let announced = |value: &HeaderValue| {
        let names = value.to_str().unwrap_or("forwarded").to_ascii_lowercase();
        names.split(',').any(|name| refused(name.trim()))
    };
    if headers.get_all(TRAILER).iter().any(announced) {
        headers.remove(TRAILER);
    }
}

/// An address as text. Formatting one by the standard library costs ten times as much.
fn written(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else {
        return address.to_string();
    };
    let digit = |number: u8| char::from(b'0' + number % 10);
    let mut text = String::with_capacity(15);
    for (index, octet) in address.octets().into_iter().enumerate() {
        if index > 0 {
            text.push('.');
        }
        if octet >= 100 {
            text.push(digit(octet / 100));
        }
        if octet >= 10 {
            text.push(digit(octet / 10));
        }
        text.push(digit(octet));
    }
    text
}

/// Names this gateway on the way of a message.
pub fn via(headers: &mut HeaderMap, version: Version) {
    let received = match version {
        Version::HTTP_2 => "2 sluice",
        Version::HTTP_10 => "1.0 sluice",
        _ => "1.1 sluice",
    };
    headers.append(VIA, HeaderValue::from_static(received));
}

fn insert<E>(headers: &mut HeaderMap, name: HeaderName, value: Result<HeaderValue, E>) {
    if let Ok(value) = value {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_the_standard_library_does() {
        for number in (0..=u32::MAX).step_by(0x00f1_0d07) {
            let address = IpAddr::from(number.to_be_bytes());
            assert_eq!(written(address), address.to_string());
        }
    }

    fn client<'a>(remote: &str, hops: &'a [IpAddr], host: Option<&'a str>) -> Client<'a> {
        let remote: std::net::SocketAddr = remote.parse().unwrap();
        Client {
            remote,
            address: hops.last().copied().unwrap_or(remote.ip().to_canonical()),
            hops,
            secure: false,
            host,
            version: Version::HTTP_11,
        }
    }

    #[test]
    fn claims_of_the_client_go() {
        let claimed = [
            "x-forwarded-for",
            "x-forwarded-prefix",
            "x-real-ip",
            "true-client-ip",
            "x-original-url",
            "x-rewrite-url",
            "client-cert",
            "ssl-client-verify",
            "x_consumer",
            "x_forwarded_for",
            "proxy",
        ];
        let mut headers = HeaderMap::new();
        for name in claimed {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("6.6.6.6"));
        }
        headers.insert("x-request-id", HeaderValue::from_static("kept"));
        headers.insert(TRAILER, HeaderValue::from_static("checksum, X-Consumer"));
        set(
            &mut headers,
            &client("[::ffff:10.0.0.1]:9", &[], Some("api.example")),
        );
        assert_eq!(headers["x-forwarded-for"], "10.0.0.1");
        assert_eq!(headers[FORWARDED], "for=10.0.0.1;host=\"api.example\";proto=http");
        for name in &claimed[1..] {
            assert!(!headers.contains_key(*name), "{name}");
        }
        assert_eq!(
            (&headers["x-request-id"], &headers[VIA]),
            (&"kept".parse().unwrap(), &"1.1 sluice".parse().unwrap())
        );
        assert!(!headers.contains_key(TRAILER));
    }

    #[test]
    fn a_trusted_chain_is_extended() {
        let mut headers = HeaderMap::new();
        let hops = ["fd00::7".parse().unwrap(), "203.0.113.9".parse().unwrap()];
        set(
            &mut headers,
            &Client {
                secure: true,
                ..client("10.0.0.1:9", &hops, Some("a.example"))
            },
        );
        assert_eq!(headers["x-forwarded-for"], "203.0.113.9, fd00::7, 10.0.0.1");
        let whole = "for=203.0.113.9;host=\"a.example\";proto=https, for=\"[fd00::7]\", for=10.0.0.1";
        assert_eq!(headers[FORWARDED], whole);
        assert_eq!(headers["x-forwarded-proto"], "https");
    }

    #[test]
    fn another_method_than_the_line_says_is_refused() {
        let mut headers = HeaderMap::new();
        assert_eq!(refuse_override(&Method::POST, &headers), Ok(()));
        headers.insert(&OVERRIDES[0], HeaderValue::from_static("post"));
        assert_eq!(refuse_override(&Method::POST, &headers), Ok(()));
        headers.append(&OVERRIDES[0], HeaderValue::from_static("DELETE"));
        assert!(refuse_override(&Method::POST, &headers).is_err());
    }
}
