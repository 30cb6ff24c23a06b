//! Tokens: how they are judged.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::{NamedFile, Place, Secret};
use crate::choice::Algorithm;

/// How JSON Web Tokens are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtPlan {
    /// The keys.
    pub keys: KeySetPlan,
    /// What a token must say.
    pub claims: ClaimsPlan,
    /// The algorithms that are accepted at most.
    pub algorithms: Vec<Algorithm>,
}

/// Where a key set comes from. Schemes with the same one share what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySetPlan {
    /// Where it is.
    pub source: KeySource,
    /// How often it is read again.
    pub refresh: Duration,
    /// How long after a reading an unknown key causes the next one at the earliest.
    pub unknown_key: Duration,
}

/// Where a key set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// In a file.
    File(NamedFile),
    /// At an address.
    Remote(Remote),
}

/// What a token must say, whoever says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimsPlan {
    /// Its `iss`.
    pub issuer: Option<String>,
    /// Its `aud` names one of these; empty: not looked at.
    pub audience: Vec<String>,
    /// How far the clocks may be apart.
    pub leeway: Duration,
    /// The claim that names the consumer.
    pub subject: String,
    /// The claim that holds the scopes; without it `scope`, else `scp`.
    pub scopes: Option<String>,
}

/// How an authorization server is asked about tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntrospectionPlan {
    /// Where it is.
    pub remote: Remote,
    /// As whom the gateway asks.
    pub client: String,
    /// What proves it.
    pub secret: Secret,
    /// How long an answer is believed.
    pub cache: Duration,
    /// What a token must say.
    pub claims: ClaimsPlan,
}

/// An address of an identity server, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The address.
    pub url: String,
    /// How long one exchange may take.
    pub timeout: Duration,
    /// What its certificate is verified by; without it the system's authorities.
    pub authorities: Option<NamedFile>,
    /// Whether `http://` may go to other machines than this one.
    pub plain_http: bool,
    /// Whether it may be a link-local address.
    pub link_local: bool,
    /// Where it was named.
    pub place: Place,
}

/// Whether an address is of this link only, in whichever form it is written. Clouds answer there with credentials of the
/// machine, to whoever asks from it.
pub fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => {
            let metadata = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            v6.is_unicast_link_local() || v6 == metadata || embedded(v6).is_some_and(|v4| v4.is_link_local())
        }
    }
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => of(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => of(high, low),
        [0x64, 0xff9b, .., high, low] => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn link_local_addresses_are_known_in_every_form() {
        let link = [
            "169.254.169.254",
            "169.254.0.0",
            "169.254.255.255",
            "fe80::1",
            "febf::1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fd00:ec2::254",
        ];
        let others = [
            "169.253.255.255",
            "169.255.0.0",
            "127.0.0.1",
            "::1",
            "fec0::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "2002:a00:1::",
        ];
        assert!(link.iter().all(|a| is_link_local(a.parse().unwrap())));
        assert!(!others.iter().any(|a| is_link_local(a.parse().unwrap())));
    }
}
