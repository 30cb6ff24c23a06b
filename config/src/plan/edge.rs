//! What surrounds an API: addresses, browsers, compression, fields of answers.

use std::net::IpAddr;

use ipnet::IpNet;

/// What surrounds an API.
#[derive(Debug, Clone, Default)]
pub struct EdgePlan {
    /// Which addresses may ask.
    pub addresses: AddressRules,
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
}
