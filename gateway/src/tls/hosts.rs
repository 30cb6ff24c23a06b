//! Which certificate a host gets.

use std::collections::HashMap;

/// Hosts, exact and with `*` for the left-most label, each with the number of its certificate.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    exact: HashMap<Box<str>, usize>,
    /// Without the `*.`.
    wildcard: HashMap<Box<str>, usize>,
    /// For hosts that no certificate is for.
    default: Option<usize>,
}

impl Hosts {
    /// Adds a host, in lower case. Gives the certificate that has it already.
    pub(super) fn add(&mut self, host: &str, certificate: usize) -> Option<usize> {
        let (table, name) = match host.strip_prefix("*.") {
            Some(rest) => (&mut self.wildcard, rest),
            None => (&mut self.exact, host),
        };
        let before = *table.entry(name.into()).or_insert(certificate);
        (before != certificate).then_some(before)
    }

    /// Names the certificate for hosts that none is for.
    pub(super) fn set_default(&mut self, certificate: usize) {
        self.default = Some(certificate);
    }

    /// The certificate of a host, in lower case: the exact name before the wildcard, the default last.
    pub(super) fn choose(&self, host: &str) -> Option<usize> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let wild = || {
            let (label, rest) = host.split_once('.')?;
            self.wildcard.get(rest).filter(|_| !label.is_empty())
        };
        self.exact.get(host).or_else(wild).copied().or(self.default)
    }

    /// The certificate of a client that names no host.
    pub(super) fn unnamed(&self) -> usize {
        self.default.unwrap_or(0)
    }

    /// Whether requests for `host` may come over a connection that was made for `server_name`: both get the same
    /// certificate. A name that is known no more says nothing.
    pub(super) fn is_directed(&self, server_name: &str, host: &str) -> bool {
        match self.choose(server_name) {
            Some(certificate) => self.choose(host) == Some(certificate),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        let mut hosts = Hosts::default();
        assert_eq!(hosts.add("api.example.com", 0), None);
        assert_eq!(hosts.add("*.example.com", 1), None);
        assert_eq!(hosts.add("other.test", 2), None);
        hosts
    }

    #[test]
    fn the_exact_name_comes_before_the_wildcard() {
        let hosts = hosts();
        assert_eq!(hosts.choose("api.example.com"), Some(0));
        assert_eq!(hosts.choose("api.example.com."), Some(0));
        assert_eq!(hosts.choose("x.example.com"), Some(1));
        for unknown in ["example.com", "a.b.example.com", ".example.com", "", "test"] {
            assert_eq!(hosts.choose(unknown), None, "{unknown}");
        }
        assert_eq!(hosts.unnamed(), 0);
    }

    #[test]
    fn a_default_takes_the_rest() {
        let mut hosts = hosts();
        hosts.set_default(2);
        assert_eq!(hosts.choose("unknown.test"), Some(2));
        assert_eq!(hosts.unnamed(), 2);
        assert!(hosts.is_directed("unknown.test", "10.0.0.1"));
        assert!(!hosts.is_directed("unknown.test", "api.example.com"));
    }

    #[test]
    fn a_host_belongs_to_one_certificate() {
        let mut hosts = hosts();
        assert_eq!(hosts.add("other.test", 0), Some(2));
        assert_eq!(hosts.add("other.test", 2), None);
    }

    #[test]
    fn a_connection_is_for_the_hosts_of_its_certificate() {
        let hosts = hosts();
        assert!(hosts.is_directed("a.example.com", "b.example.com"));
        assert!(!hosts.is_directed("a.example.com", "api.example.com"));
        assert!(!hosts.is_directed("a.example.com", "unknown.test"));
        assert!(hosts.is_directed("gone.test", "anything.test"));
    }
}
