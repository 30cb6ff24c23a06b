//! Who the client is behind proxies, as `X-Forwarded-*` and `Forwarded` (RFC 7239) tell it.
//!
//! A chain is read from its right end, where the nearest proxy wrote: each address that is a trusted proxy's says who
//! wrote the next one. The first that is none is the client's; what stands left of it, the client may have written
//! itself, and it is not looked at. What cannot be read ends the chain at the hop before it.
//!
//! A proxy knows one family of fields and passes the other on as the client sent it. So both are believed only where
//! they agree, and a client that sends the other one is refused instead of believed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use super::forwarded::{X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO};
use crate::canonical;
use crate::refusal::{Kind, Refusal};

/// The most hops that are believed.
const HOPS: usize = 32;

/// What trusted proxies tell of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The hops before the peer, the nearest first; the last one is the client.
    pub hops: Vec<IpAddr>,
    /// Whether the client came over TLS.
    pub secure: Option<bool>,
    /// The host that the client named, in canonical form.
    pub host: Option<String>,
}

/// What is believed of a request from this peer; nothing unless it is a trusted proxy.
///
/// # Errors
/// Both families of fields are there and tell different things, or the host is none.
pub fn told(trusted: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> Result<Option<Told>, Refusal> {
    if trusted.is_empty() || !is_trusted(trusted, peer.to_canonical()) {
        return Ok(None);
    }
    let (chain, standard) = (
        headers.contains_key(X_FORWARDED_FOR),
        headers.contains_key(FORWARDED),
    );
    let told = match (chain, standard) {
        (_, false) => by_names(trusted, headers),
        (false, true) => by_standard(trusted, headers),
        (true, true) => agreed(by_names(trusted, headers), &by_standard(trusted, headers))?,
    };
    canonical(told).map(Some)
}

/// The host is brought to its one form, as `Host` is.
fn canonical(mut told: Told) -> Result<Told, Refusal> {
    if let Some(host) = &told.host {
        let authority = canonical::authority(host);
        told.host = Some(authority.map_err(|fault| Refusal::from(&fault))?.to_string());
    }
    Ok(told)
}

fn agreed(names: Told, standard: &Told) -> Result<Told, Refusal> {
    fn differ<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
        a.is_some() && b.is_some() && a != b
    }
    let host = |told: &Told| told.host.as_deref().map(str::to_ascii_lowercase);
    let contradicts = names.hops.last() != standard.hops.last()
        || differ(names.secure, standard.secure)
        || differ(host(&names), host(standard));
    match contradicts {
        false => Ok(names),
        true => Err(Refusal::new(
            Kind::MalformedRequest,
            "`Forwarded` and `X-Forwarded-*` tell different things of the client; send one of them",
        )),
    }
}

/// `X-Forwarded-For`, `-Proto`, `-Host`.
fn by_names(trusted: &[IpNet], headers: &HeaderMap) -> Told {
    let hops = walk(trusted, members(headers, &X_FORWARDED_FOR).map(node));
    let own = hops.len().saturating_sub(1);
    Told {
        secure: told_of(headers, &X_FORWARDED_PROTO, own).and_then(is_secure),
        host: told_of(headers, &X_FORWARDED_HOST, own).map(str::to_owned),
        hops,
    }
}

/// What the proxy said that saw the client: as many members from the right as the client's address, or the left-most
/// where fewer proxies said it.
fn told_of<'h>(headers: &'h HeaderMap, name: &HeaderName, own: usize) -> Option<&'h str> {
    members(headers, name).take(own + 1).last()
}

/// `Forwarded`.
fn by_standard(trusted: &[IpNet], headers: &HeaderMap) -> Told {
    let elements: Vec<Option<Element<'_>>> = members(headers, &FORWARDED).take(HOPS).map(element).collect();
    let nodes = elements.iter().map(|e| node(e.as_ref()?.node?));
    let hops = walk(trusted, nodes);
    let own = elements
        .get(hops.len().saturating_sub(1))
        .and_then(Option::as_ref);
    Told {
        secure: own.and_then(|e| is_secure(e.proto?)),
        host: own.and_then(|e| e.host).map(str::to_owned),
        hops,
    }
}

/// From the right: trusted hops, and the first that is not.
fn walk(trusted: &[IpNet], nodes: impl Iterator<Item = Option<IpAddr>>) -> Vec<IpAddr> {
    let mut hops = Vec::new();
    for node in nodes.take(HOPS) {
        let Some(address) = node else { break };
        hops.push(address);
        if !is_trusted(trusted, address) {
            break;
        }
    }
    hops
}

fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|range| range.contains(&address))
}

fn is_secure(proto: &str) -> Option<bool> {
    let is = |name: &str| proto.eq_ignore_ascii_case(name);
    match () {
        () if is("https") || is("wss") => Some(true),
        () if is("http") || is("ws") => Some(false),
        () => None,
    }
}

/// The members of a list, over all its lines, from the right; empty ones do not count (RFC 9110 §5.6.1).
fn members<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> + use<'h> {
    let lines: Vec<&str> = headers
        .get_all(name)
        .iter()
        .map(|line| line.to_str().unwrap_or("?"))
        .collect();
    let members = lines.into_iter().rev().flat_map(|line| FromRight::of(line, b','));
    members.map(str::trim).filter(|member| !member.is_empty())
}

/// What stands between separators outside quotes, from the right: so that a quote which a client left open does not
/// swallow what a proxy appended.
struct FromRight<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> FromRight<'a> {
    fn of(text: &'a str, separator: u8) -> Self {
        Self {
            rest: Some(text),
            separator,
        }
    }
}

impl<'a> Iterator for FromRight<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let mut quoted = false;
        let at = rest.bytes().rposition(|byte| {
            quoted ^= byte == b'"';
            byte == self.separator && !quoted
        });
        self.rest = at.map(|at| &rest[..at]);
        Some(at.map_or(rest, |at| &rest[at + 1..]))
    }
}

#[derive(Default)]
struct Element<'a> {
    node: Option<&'a str>,
    proto: Option<&'a str>,
    host: Option<&'a str>,
}

/// `for=…;proto=…;host=…`, each once.
fn element(text: &str) -> Option<Element<'_>> {
    let mut element = Element::default();
    for pair in FromRight::of(text, b';').map(str::trim).filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let slot = match name.to_ascii_lowercase().as_str() {
            "for" => &mut element.node,
            "proto" => &mut element.proto,
            "host" => &mut element.host,
            _ => continue,
        };
        if slot.replace(unquoted(value)?).is_some() {
            return None;
        }
    }
    Some(element)
}

/// A token, or a quoted text without escapes: what is told here needs none.
fn unquoted(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    let text = inner.unwrap_or(value);
    (!text.contains(['"', '\\'])).then_some(text)
}

/// An address, perhaps with a port, and in brackets if it is of IPv6. `unknown` and `_hidden` are none.
fn node(text: &str) -> Option<IpAddr> {
    let text = unquoted(text)?;
    let address = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            address.parse::<Ipv6Addr>().ok().filter(|_| fits)?.into()
        }
        None => match text.split_once(':') {
            Some((address, port)) if !port.contains(':') => {
                address.parse::<Ipv4Addr>().ok().filter(|_| is_port(port))?.into()
            }
            _ => text.parse::<IpAddr>().ok()?,
        },
    };
    Some(address.to_canonical())
}

/// RFC 7239 §6: a number, or a name that says nothing.
fn is_port(text: &str) -> bool {
    let hidden = |rest: &str| {
        rest.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    text.parse::<u16>().is_ok() || text.strip_prefix('_').is_some_and(hidden)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
