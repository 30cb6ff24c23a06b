//! The request that goes to the upstream: its target, made of what the lift gave, and its fields.

use std::net::{IpAddr, SocketAddr};

use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, IF_RANGE, RANGE, TE, TRAILER,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};
use sluice_transforms::contract::{Operation, Place};
use sluice_transforms::message::{Argument, Request as Lifted};

use crate::body::Body;
use crate::edition;
use crate::fields::chain::Told;
use crate::fields::{forwarded, media, remove_all, target};
use crate::refusal::{Kind, Refusal};
use crate::serve::Peer;
use crate::upstream::hops;

/// Fields over a body's exact bytes (RFC 9530, RFC 3230, RFC 1864, RFC 9421): a changed body is another one.
const DIGESTS: [HeaderName; 7] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("signature"),
    HeaderName::from_static("signature-input"),
    ACCEPT_RANGES,
];

/// Who asks, and how.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// The other end of the connection.
    pub remote: SocketAddr,
    /// The client's address: the right-most one that no trusted proxy has.
    pub address: IpAddr,
    /// What stands between: the hops that trusted proxies tell of, the nearest first, the client last.
    pub hops: &'a [IpAddr],
    /// Whether the client came over TLS.
    pub secure: bool,
    /// The host that it named.
    pub host: Option<&'a str>,
    /// The version of HTTP that it speaks.
    pub version: Version,
}

impl<'a> Client<'a> {
    /// Who asks over this connection, by what trusted proxies tell of it.
    pub fn of(peer: &Peer, host: Option<&'a str>, told: Option<&'a Told>, version: Version) -> Self {
        let hops = told.map_or(&[][..], |told| &told.hops);
        let secure = told.and_then(|told| told.secure);
        Self {
            remote: peer.remote,
            address: hops
                .last()
                .copied()
                .unwrap_or_else(|| peer.remote.ip().to_canonical()),
            hops,
            secure: secure.unwrap_or(peer.secured.is_some()),
            host: told.and_then(|told| told.host.as_deref()).or(host),
            version,
        }
    }

    /// The scheme of the URL that the client asked for.
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

/// Makes the fields of any forwarded request: those of the connection go, those of the gateway are set.
pub fn fields(headers: &mut HeaderMap, client: &Client<'_>) {
    hops::strip(headers);
    headers.remove(EXPECT);
    forwarded::set(headers, client);
}

/// Further changes to the fields of a request that is translated, or whose answer is.
pub fn translated_fields(headers: &mut HeaderMap) {
    whole_answer(headers);
    changed_body(headers);
}

/// Asks for an answer that can be read: whole, and in a coding that can be opened.
pub fn whole_answer(headers: &mut HeaderMap) {
    headers.remove(RANGE);
    headers.remove(IF_RANGE);
    headers.remove(TE);
    media::narrow_codings(headers);
}

/// Drops what speaks of a body's exact bytes.
pub fn changed_body(headers: &mut HeaderMap) {
    DIGESTS.iter().for_each(|name| drop(headers.remove(name)));
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRAILER);
}

/// The path and query of a translated request, among the operations of the version that it is translated to.
///
/// # Errors
/// When a parameter is missing, or the path has no canonical form or is another operation's: what was authorised is
/// what is sent.
pub fn target_of(
    base: &str,
    operations: &[Operation],
    operation: &Operation,
    arguments: &[Argument],
) -> Result<String, Refusal> {
    let value = |name: &str| {
        arguments
            .iter()
            .find(|a| a.place == Place::Path && a.name == name)
            .map(|a| a.value.as_str())
    };
    let missing = operation
        .path
        .slots()
        .find(|slot| value(slot).is_none_or(str::is_empty));
    if let Some(slot) = missing {
        return Err(Refusal::new(
            Kind::UntranslatableRequest,
            format!("the parameter `{slot}` is missing"),
        ));
    }
    let segments = operation.path.fill(value).unwrap_or_default();
    let path = target::path(base, &segments)
        .ok_or_else(|| Refusal::new(Kind::BadPath, "a parameter makes a path that is not accepted"))?;
    let read = edition::route(operations, &operation.method, &segments);
    if read.is_none_or(|(read, _)| read.id != operation.id) {
        return Err(Refusal::new(
            Kind::BadPath,
            "a parameter makes the path of another operation",
        ));
    }
    Ok(with_query(path, arguments))
}

/// Drops what is said of a body's exact bytes by whoever made it, from an answer whose bytes become others.
pub fn drop_digests(headers: &mut HeaderMap) {
    remove_all(headers, &DIGESTS);
}

fn with_query(mut path: String, arguments: &[Argument]) -> String {
    let pairs = arguments.iter().filter(|a| a.place == Place::Query);
    for (index, argument) in pairs.enumerate() {
        path.push(if index == 0 { '?' } else { '&' });
        match &argument.raw {
            Some(raw) => path.push_str(raw),
            None => path.push_str(&target::write_pair(&argument.name, &argument.value)),
        }
    }
    path
}

/// Header parameters as the lift left them: those of the client's version that are gone from it are taken out. What
/// only the gateway says is `own`, or a claim: no parameter stands for it, wherever it came from.
pub fn header_arguments<'o>(
    headers: &mut HeaderMap,
    source: &Operation,
    lifted: &Lifted,
    own: impl Iterator<Item = &'o HeaderName> + Clone,
) {
    let is_own = |name: &str| {
        let name = name.to_ascii_lowercase().replace('_', "-");
        forwarded::is_claim(&name) || own.clone().any(|own| own.as_str() == name)
    };
    for parameter in source
        .parameters
        .iter()
        .filter(|p| p.place == Place::Header && !p.name.to_ascii_lowercase().starts_with("if-"))
        .filter(|p| !is_own(&p.name))
    {
        headers.remove(parameter.name.as_str());
    }
    let placed = lifted.arguments.iter().filter(|a| a.place == Place::Header);
    for argument in placed.filter(|a| !is_own(&a.name)) {
        let name = HeaderName::from_bytes(argument.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&argument.value)) {
            headers.insert(name, value);
        }
    }
}

/// Puts a request together.
///
/// # Errors
/// When the target is no URI, which a canonical path always is.
pub fn request(
    method: Method,
    target: impl Into<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Request<Body>, Refusal> {
    let uri = Uri::try_from(target.into())
        .map_err(|_| Refusal::new(Kind::BadPath, "the target cannot be forwarded"))?;
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The media type of a forwarded document.
pub fn set_media_type(headers: &mut HeaderMap, patch: bool) {
    let media = if patch {
        "application/merge-patch+json"
    } else {
        "application/json"
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
}
