//! A request that needs no translation: both bodies stream untouched, and what follows an upgrade too.

use http::header::HeaderValue;
use http::request::Parts;
use http::{Response, StatusCode};

use crate::body::Body;
use crate::fields::target::{self, Pair};
use crate::gateway::Carrier;
use crate::pools::Line;
use crate::refusal::{Kind, Refusal};
use crate::stage::forward;
use crate::stage::receive::Received;
use crate::upstream::hops;

/// A request that passes.
pub struct Passing<'a> {
    /// The path prefix at the upstream.
    pub base: &'a str,
    /// Its head; the fields are those to forward.
    pub parts: Parts,
    /// Its body.
    pub received: Received,
    /// The canonical path below the version's prefix.
    pub rest: &'a str,
    /// The query without selectors.
    pub query: &'a [Pair],
    /// The protocol that the client wants to switch to, and who joins both sides then.
    pub upgrade: Option<(&'a Carrier, HeaderValue)>,
}

/// Sends a request on as it is.
///
/// # Errors
/// When its path has no canonical form at the upstream, or no answer came.
pub async fn pass(line: &Line, passing: Passing<'_>) -> Result<Response<Body>, Refusal> {
    let Passing {
        base,
        parts,
        received,
        rest,
        query,
        upgrade,
    } = passing;
    let target = target::passed(base, rest, query)
        .ok_or_else(|| Refusal::new(Kind::BadPath, "the path cannot be forwarded"))?;
    let mut headers = parts.headers;
    let joins = upgrade.map(|(carrier, protocol)| {
        hops::set_upgrade(&mut headers, protocol);
        carrier
    });
    let idle = line.plan.timeouts.idle;
    let body = received.into_body(idle);
    let mut answer = line
        .send(forward::request(parts.method, target, headers, body)?)
        .await?;
    match (switched(&answer), joins) {
        (Some(protocol), Some(carrier)) => {
            carrier.tunnel(parts.extensions, &mut answer, idle);
            hops::strip(answer.headers_mut());
            hops::set_upgrade(answer.headers_mut(), protocol);
        }
        (None, _) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => return Err(unasked()),
        (Some(_), None) => return Err(unasked()),
        (None, _) => hops::strip(answer.headers_mut()),
    }
    Ok(answer)
}

fn unasked() -> Refusal {
    Refusal::new(Kind::UpstreamGarbage, "the upstream switched protocols unasked")
}

/// The protocol that an answer switches to.
fn switched(answer: &Response<Body>) -> Option<HeaderValue> {
    hops::upgrade(answer.headers()).filter(|_| answer.status() == StatusCode::SWITCHING_PROTOCOLS)
}
