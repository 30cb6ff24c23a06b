//! What is counted apart: a keyed hash of a fixed size, so that no client can aim at another one's count.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;
use sluice_config::plan::KeyPart;

use crate::identity::Identity;

/// What keys are made of.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Who asks.
    pub who: &'a Identity,
    /// From where.
    pub address: IpAddr,
    /// For what.
    pub operation: &'a str,
    /// In which version.
    pub version: &'a str,
    /// The request's fields.
    pub headers: &'a HeaderMap,
}

impl Subject<'_> {
    /// The hash of some parts, for this process alone.
    pub fn hash(&self, parts: &[KeyPart]) -> u64 {
        static RANDOM: OnceLock<RandomState> = OnceLock::new();
        let mut hasher = RANDOM.get_or_init(RandomState::new).build_hasher();
        self.feed(parts, &mut |bytes| hasher.write(bytes));
        hasher.finish()
    }

    /// The same for all gateways of a fleet that have the same secret: of a policy and some parts, as 32 hexadecimal digits.
    pub fn name(&self, secret: &[u8], policy: &str, parts: &[KeyPart]) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
            return String::new();
        };
        let mut feed = |bytes: &[u8]| mac.update(bytes);
        text(&mut feed, b'p', policy.as_bytes());
        self.feed(parts, &mut feed);
        let hash = mac.finalize().into_bytes();
        hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Each part with its kind and length, so that no two subjects are written alike.
    fn feed(&self, parts: &[KeyPart], sink: &mut impl FnMut(&[u8])) {
        for part in parts {
            match part {
                KeyPart::Consumer => match &self.who.name {
                    Some(name) => text(sink, b'c', name.as_bytes()),
                    None => address(sink, self.address),
                },
                KeyPart::Address => address(sink, self.address),
                KeyPart::Operation => text(sink, b'o', self.operation.as_bytes()),
                KeyPart::Version => text(sink, b'v', self.version.as_bytes()),
                KeyPart::Header(name) => {
                    let values = self.headers.get_all(name).iter();
                    values.for_each(|value| text(sink, b'h', value.as_bytes()));
                    sink(b".");
                }
            }
        }
    }
}

fn text(sink: &mut impl FnMut(&[u8]), kind: u8, bytes: &[u8]) {
    sink(&[kind]);
    sink(&bytes.len().to_le_bytes());
    sink(bytes);
}

/// An IPv6 address counts by its /64: that is what one subscriber has.
fn address(sink: &mut impl FnMut(&[u8]), address: IpAddr) {
    match address {
        IpAddr::V4(v4) => text(sink, b'4', &v4.octets()),
        IpAddr::V6(v6) => text(sink, b'6', &v6.octets()[..8]),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::*;

    fn identity(name: &str) -> Identity {
        Identity {
            name: (!name.is_empty()).then(|| Arc::from(name)),
            ..Identity::default()
        }
    }

    #[test]
    fn what_differs_in_a_part_counts_apart() {
        use KeyPart::{Address, Consumer, Operation, Version};
        let who = [identity(""), identity("acme"), identity("acm")];
        let addresses = ["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8:0:1::1"];
        let headers = HeaderMap::new();
        let mut seen = HashSet::new();
        let mut names = HashSet::new();
        for who in &who {
            for address in addresses {
                for (operation, version) in [("ab", "c"), ("a", "bc")] {
                    let address = address.parse().unwrap();
                    let subject = Subject {
                        who,
                        address,
                        operation,
                        version,
                        headers: &headers,
                    };
                    assert!(seen.insert(subject.hash(&[Address, Consumer, Operation, Version])));
                    assert!(names.insert(subject.name(
                        b"secret",
                        "p",
                        &[Address, Consumer, Operation, Version]
                    )));
                }
            }
        }
        assert!(names.iter().all(|name| name.len() == 32));
    }

    #[test]
    fn an_anonymous_client_counts_by_its_address_and_ipv6_by_the_64() {
        let (nobody, acme, headers) = (identity(""), identity("acme"), HeaderMap::new());
        let key = |who: &Identity, address: &str, part: KeyPart| {
            let address = address.parse().unwrap();
            Subject {
                who,
                address,
                operation: "",
                version: "",
                headers: &headers,
            }
            .hash(&[part])
        };
        let near = key(&nobody, "2001:db8::1", KeyPart::Consumer);
        assert_eq!(near, key(&nobody, "2001:db8::ffff:1", KeyPart::Consumer));
        assert_eq!(near, key(&nobody, "2001:db8::2", KeyPart::Address));
        assert_ne!(near, key(&nobody, "2001:db8:0:1::1", KeyPart::Consumer));
        assert_eq!(
            key(&acme, "10.0.0.1", KeyPart::Consumer),
            key(&acme, "10.0.0.2", KeyPart::Consumer)
        );
    }

    #[test]
    fn lines_of_a_header_are_not_run_together() {
        let who = identity("");
        let key = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-tenant", http::HeaderValue::from_static(value));
            }
            let address = "10.0.0.1".parse().unwrap();
            let subject = Subject {
                who: &who,
                address,
                operation: "",
                version: "",
                headers: &headers,
            };
            subject.hash(&[KeyPart::Header("x-tenant".parse().unwrap())])
        };
        assert_ne!(key(&["ab"]), key(&["a", "b"]));
        assert_ne!(key(&[]), key(&[""]));
    }
}
