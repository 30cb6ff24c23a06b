//! What the upstream is told of the client's connection: `Forwarded` (RFC 7239), `X-Forwarded-*` and `Via` (RFC 9110
//! §7.6.3). What a client says of these itself is not believed.

use std::net::{IpAddr, SocketAddr};

use http::header::{FORWARDED, HOST, VIA};
use http::{HeaderMap, HeaderName, HeaderValue, Version};

use super::remove_all;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Fields that say who asks and from where: nobody but the gateway says so.
const CLAIMED: [HeaderName; 7] = [
    FORWARDED,
    X_FORWARDED_FOR,
    X_FORWARDED_HOST,
    X_FORWARDED_PROTO,
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-consumer"),
];

/// Replaces what the client claims by what is known. `Host` becomes the upstream's.
pub fn set(headers: &mut HeaderMap, remote: SocketAddr, host: Option<&str>, version: Version) {
    remove_all(headers, &CLAIMED);
    remove_look_alikes(headers);
    let address = remote.ip().to_canonical();
    let text = written(address);
    let whole = forwarded(&text, address.is_ipv6(), host);
    insert(headers, FORWARDED, HeaderValue::try_from(whole));
    insert(headers, X_FORWARDED_FOR, HeaderValue::try_from(text));
    if let Some(host) = host {
        insert(headers, X_FORWARDED_HOST, HeaderValue::from_str(host));
    }
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static("http"));
    headers.remove(HOST);
    via(headers, version);
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

fn forwarded(address: &str, v6: bool, host: Option<&str>) -> String {
    let mut text = String::with_capacity(address.len() + host.map_or(0, str::len) + 32);
    let (open, close) = if v6 { ("\"[", "]\"") } else { ("", "") };
    text.extend(["for=", open, address, close]);
    if let Some(host) = host {
        text.extend([";host=\"", host, "\""]);
    }
    text.push_str(";proto=http");
    text
}

/// Removes the same names written with underscores: to a CGI or WSGI backend they are the same names.
fn remove_look_alikes(headers: &mut HeaderMap) {
    let claims = |name: &&HeaderName| {
        let name = name.as_str();
        name.as_bytes().contains(&b'_')
            && CLAIMED
                .iter()
                .any(|claimed| name.replace('_', "-") == claimed.as_str())
    };
    let found: Vec<HeaderName> = headers.keys().filter(claims).cloned().collect();
    found.iter().for_each(|name| drop(headers.remove(name)));
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

    #[test]
    fn claims_of_the_client_go() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6"));
        headers.insert("x-real-ip", HeaderValue::from_static("6.6.6.6"));
        headers.insert("x_consumer", HeaderValue::from_static("megacorp"));
        set(
            &mut headers,
            "[::ffff:10.0.0.1]:9".parse().unwrap(),
            Some("api.example"),
            Version::HTTP_11,
        );
        assert_eq!(headers["x-forwarded-for"], "10.0.0.1");
        assert_eq!(headers[FORWARDED], "for=10.0.0.1;host=\"api.example\";proto=http");
        assert!(!headers.contains_key("x-real-ip") && !headers.contains_key("x_consumer"));
        assert_eq!(headers[VIA], "1.1 sluice");
    }
}
