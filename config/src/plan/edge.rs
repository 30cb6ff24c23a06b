//! What surrounds an API: addresses, browsers, compression, fields of answers.

use std::net::IpAddr;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use ipnet::IpNet;

/// What surrounds an API.
#[derive(Debug, Clone, Default)]
pub struct EdgePlan {
    /// Which addresses may ask.
    pub addresses: AddressRules,
    /// Which pages of other sites may read the answers.
    pub cors: Option<CorsPlan>,
    /// Which answers are compressed.
    pub compression: Option<CompressionPlan>,
    /// Fields of every answer.
    pub fields: Option<FieldsPlan>,
}

impl EdgePlan {
    /// Whether answers go out as they are.
    pub fn leaves_answers(&self) -> bool {
        self.cors.is_none() && self.compression.is_none() && self.fields.is_none()
    }
}

/// Which pages of other sites may read the answers (CORS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsPlan {
    /// The sites; without it all.
    pub origins: Option<Vec<Origin>>,
    /// The methods; without it those that a path has.
    pub methods: Option<Vec<Method>>,
    /// The request fields.
    pub headers: Vec<HeaderName>,
    /// The answer fields.
    pub expose: Vec<HeaderName>,
    /// Whether browsers send credentials of their own; never with all sites.
    pub credentials: bool,
    /// How long a browser remembers.
    pub max_age: Duration,
}

/// A site, as browsers name it in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `https://app.example`.
    One(String),
    /// `https://*.app.example`: what stands before and after one or more labels.
    Below {
        /// The scheme with `://`.
        before: String,
        /// The host from its dot on, with the port.
        after: String,
    },
}

impl Origin {
    /// Whether a page comes from here.
    pub fn is(&self, origin: &str) -> bool {
        match self {
            Self::One(one) => origin == one,
            Self::Below { before, after } => origin
                .strip_prefix(before.as_str())
                .and_then(|rest| rest.strip_suffix(after.as_str()))
                .is_some_and(is_labels),
        }
    }
}

fn is_labels(text: &str) -> bool {
    let label = |part: &str| {
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !part.is_empty() && part.bytes().all(known)
    };
    text.split('.').all(label)
}

/// Which answers are compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompressionPlan {
    /// The size from which it is worth it.
    pub minimum: usize,
    /// The media types.
    pub media_types: Vec<MediaRange>,
}

/// Some media types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaRange {
    /// `application/json`.
    One(String),
    /// `text/*`: the type with its slash.
    Type(String),
    /// `*+json`: the suffix with its sign.
    Suffix(String),
}

impl MediaRange {
    /// Whether a media type, in lower case and without parameters, is one of them.
    pub fn holds(&self, essence: &str) -> bool {
        match self {
            Self::One(one) => essence == one,
            Self::Type(kind) => essence.starts_with(kind.as_str()),
            Self::Suffix(suffix) => essence.ends_with(suffix.as_str()),
        }
    }
}

/// Fields of every answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldsPlan {
    /// Set in the place of the upstream's.
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// Set where the upstream sends none.
    pub add: Vec<(HeaderName, HeaderValue)>,
    /// Set on answers over TLS.
    pub over_tls: Option<(HeaderName, HeaderValue)>,
    /// Taken out.
    pub remove: Vec<HeaderName>,
}

/// Which addresses may ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressRules {
    /// Only these; without it every address.
    pub allow: Option<Vec<IpNet>>,
    /// None of these, whatever is allowed.
    pub deny: Vec<IpNet>,
}

impl AddressRules {
    /// Whether a client at this address may ask. An IPv4 address may be written as IPv6.
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let within = |ranges: &[IpNet]| ranges.iter().any(|range| range.contains(&address));
        !within(&self.deny) && self.allow.as_deref().is_none_or(within)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn deny_wins_and_mapped_addresses_are_ipv4() {
        let ranges = |texts: &[&str]| -> Vec<IpNet> { texts.iter().map(|t| t.parse().unwrap()).collect() };
        let rules = AddressRules {
            allow: Some(ranges(&["10.0.0.0/8", "fd00::/8"])),
            deny: ranges(&["10.6.0.0/16"]),
        };
        let admits = |text: &str| rules.admits(text.parse().unwrap());
        assert!(admits("10.1.2.3") && admits("::ffff:10.1.2.3") && admits("fd00::1"));
        assert!(!admits("10.6.0.1") && !admits("::ffff:10.6.0.1"));
        assert!(!admits("192.0.2.1") && !admits("2001:db8::1"));
        assert!(AddressRules::default().admits("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn hosts_below_are_hosts() {
        let below = Origin::Below {
            before: "https://".to_owned(),
            after: ".app.example".to_owned(),
        };
        assert!(below.is("https://a.app.example") && below.is("https://a.b.app.example"));
        for other in [
            "https://app.example",
            "https://.app.example",
            "http://a.app.example",
            "https://evil.example/.app.example",
            "https://evil.example:1.app.example",
            "https://a.app.example.evil",
            "https://evil@x.app.example",
        ] {
            assert!(!below.is(other), "{other}");
        }
    }
}
