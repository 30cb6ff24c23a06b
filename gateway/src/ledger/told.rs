//! What an exchange tells when it has ended, in numbers of its edition.

use std::fmt::Write;
use std::net::IpAddr;

use http::HeaderValue;
use ipnet::{Ipv4Net, Ipv6Net};

use super::gathered::Gathered;
use super::took::Times;
use crate::refusal::Kind as Refused;

/// What one exchange was.
#[derive(Debug)]
pub struct Told<'a> {
    /// The API, by its place in the plan.
    pub api: Option<usize>,
    /// The client's version, by its place.
    pub version: Option<usize>,
    /// The operation, by its place in the version's contract.
    pub operation: Option<usize>,
    /// The selector that named the version; empty for none.
    pub chosen_by: &'static str,
    /// The consumer, by its place in the plan.
    pub consumer: Option<usize>,
    /// Who asked where no credential says it.
    pub client: Unknown<'a>,
    /// The status that the client got.
    pub status: u16,
    /// Why the gateway refused.
    pub refused: Option<Refused>,
    /// How long it took.
    pub times: Times,
    /// What was met on the way.
    pub gathered: Gathered,
}

impl Told<'_> {
    /// A request that was refused unread, since there were all that can be carried.
    pub fn shed() -> Self {
        Self {
            api: None,
            version: None,
            operation: None,
            chosen_by: "",
            consumer: None,
            client: Unknown::default(),
            status: Refused::Overloaded.status().as_u16(),
            refused: Some(Refused::Overloaded),
            times: Times::default(),
            gathered: Gathered::default(),
        }
    }
}

/// A client without a credential.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unknown<'a> {
    /// Its address, through trusted proxies.
    pub address: Option<IpAddr>,
    /// Its `User-Agent`.
    pub agent: Option<&'a HeaderValue>,
}

impl Unknown<'_> {
    /// Writes what tells it apart, in the bytes at hand: [`Self::write`] says the same in words, which takes a while.
    pub(super) fn mark(&self, mark: &mut Vec<u8>) {
        match self.address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => {
                mark.push(4);
                mark.extend_from_slice(&address.octets()[..3]);
            }
            Some(IpAddr::V6(address)) => {
                mark.push(6);
                mark.extend_from_slice(&address.octets()[..6]);
            }
            None => mark.push(0),
        }
        mark.extend_from_slice(self.family().as_bytes());
    }

    fn family(&self) -> &str {
        self.agent.map_or("", |agent| family(agent.as_bytes()))
    }

    /// Writes what it is called: its address range (/24, of IPv6 /48) and the family of its user agent.
    pub(super) fn write(&self, text: &mut String) {
        // A String takes everything.
        let _infallible = match self.address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => write!(text, "{}", Ipv4Net::new_assert(address, 24).trunc()),
            Some(IpAddr::V6(address)) => write!(text, "{}", Ipv6Net::new_assert(address, 48).trunc()),
            None => write!(text, "unknown"),
        };
        let family = self.family();
        if !family.is_empty() {
            text.push(' ');
            text.push_str(family);
        }
    }
}

/// Browsers all call themselves Mozilla: what tells them apart stands later, the more special first.
const BROWSERS: [&str; 6] = ["Edg", "OPR", "Firefox", "Chromium", "Chrome", "Safari"];
/// The longest family.
const LONGEST: usize = 32;

/// The family of a user agent: its first product without the version (RFC 9110 §10.1.5).
fn family(agent: &[u8]) -> &str {
    if agent.starts_with(b"Mozilla/") {
        let names = |browser: &&&str| {
            let browser = browser.as_bytes();
            agent
                .windows(browser.len())
                .take(512)
                .any(|window| window == browser)
        };
        return BROWSERS.iter().find(names).copied().unwrap_or("Mozilla");
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let length = agent
        .iter()
        .take(LONGEST)
        .take_while(|byte| is_name(byte))
        .count();
    std::str::from_utf8(&agent[..length]).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn user_agents_have_a_family() {
        let families = [
            ("curl/8.5.0", "curl"),
            ("python-requests/2.31", "python-requests"),
            ("okhttp", "okhttp"),
            ("Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/130.0", "Firefox"),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130",
                "Edg",
            ),
            ("Mozilla/4.0", "Mozilla"),
            ("<script>", ""),
            ("", ""),
        ];
        for (agent, expected) in families {
            assert_eq!(family(agent.as_bytes()), expected, "{agent}");
        }
        assert_eq!(family(&[b'a'; 100]).len(), LONGEST);
        assert_eq!(family(b"\xff\xfe"), "");
    }

    #[test]
    fn addresses_are_told_as_ranges() {
        let agent = HeaderValue::from_static("curl/8");
        let told = |address: &str| {
            let mut text = String::new();
            let address = Some(address.parse().unwrap());
            Unknown {
                address,
                agent: Some(&agent),
            }
            .write(&mut text);
            text
        };
        assert_eq!(told("203.0.113.77"), "203.0.113.0/24 curl");
        assert_eq!(told("::ffff:203.0.113.77"), "203.0.113.0/24 curl");
        assert_eq!(told("2001:db8:1:2::3"), "2001:db8:1::/48 curl");
    }

    #[test]
    fn marks_are_the_same_where_the_words_are() {
        let agents = ["curl/8", "curl/7", "okhttp/4", ""].map(|agent| HeaderValue::from_str(agent).unwrap());
        let addresses = [
            "203.0.113.7",
            "203.0.113.9",
            "::ffff:203.0.113.8",
            "203.0.114.7",
            "2001:db8:1:2::3",
            "2001:db8:1:9::3",
            "2001:db8:2::3",
        ];
        let addresses = addresses
            .iter()
            .map(|address| Some(address.parse().unwrap()))
            .chain([None]);
        let clients: Vec<Unknown<'_>> = addresses
            .flat_map(|address| {
                agents.iter().map(move |agent| Unknown {
                    address,
                    agent: Some(agent),
                })
            })
            .collect();
        let said = |client: &Unknown<'_>| {
            let (mut mark, mut words) = (Vec::new(), String::new());
            client.mark(&mut mark);
            client.write(&mut words);
            (mark, words)
        };
        for one in &clients {
            for other in &clients {
                let ((mark, words), (their_mark, their_words)) = (said(one), said(other));
                assert_eq!(mark == their_mark, words == their_words, "{words} {their_words}");
            }
        }
    }
}
