//! What a request says before anything is known of it: the one form of its host and path, its query, and who it came
//! through.

use http::request::Parts;

use crate::canonical::{self, CanonicalHost, CanonicalPath};
use crate::edition::Edition;
use crate::fields::chain::{self, Told};
use crate::fields::target::{self, Pair};
use crate::refusal::{Kind, Refusal};
use crate::serve::Peer;
use crate::stage::forward::Client;
use crate::stage::identify;
use crate::telemetry::Asking;
use crate::tls;

/// A request in its canonical form.
pub(super) struct Arrived {
    host: Option<CanonicalHost>,
    path: CanonicalPath,
    /// The host with its port, as text.
    pub(super) authority: Option<String>,
    /// The query, decoded.
    pub(super) query: Vec<Pair>,
    /// What trusted proxies tell of the client.
    pub(super) told: Option<Told>,
}

impl Arrived {
    /// Reads a request's head.
    ///
    /// # Errors
    /// Host or path have no canonical form, the connection is not for that host, or what proxies tell contradicts itself.
    pub(super) fn of(edition: &Edition, peer: &Peer, parts: &Parts) -> Result<Self, Refusal> {
        let host = canonical::host(&parts.uri, &parts.headers, parts.version);
        let host = host.map_err(|fault| Refusal::from(&fault))?;
        tls::directed(edition, peer, host.as_ref())?;
        let path = canonical::path(parts.uri.path()).map_err(|fault| Refusal::from(&fault))?;
        let query = target::pairs(parts.uri.query().unwrap_or_default())
            .ok_or_else(|| Refusal::new(Kind::BadPath, "the query is not UTF-8"))?;
        let told = chain::told(&edition.plan.trusted, peer.remote.ip(), &parts.headers)?;
        Ok(Self {
            authority: host.as_ref().map(CanonicalHost::to_string),
            host,
            path,
            query,
            told,
        })
    }

    /// Who asks for what, to be told.
    pub(super) fn asking<'a>(&'a self, client: &Client<'a>) -> Asking<'a> {
        Asking {
            client: client.address,
            secure: client.secure,
            host: client.host,
            path: self.path.as_str(),
            query: &self.query,
        }
    }

    /// What decides which API and version is meant.
    pub(super) fn seen<'a>(&'a self, parts: &'a Parts) -> identify::Request<'a> {
        identify::Request {
            host: self.host.as_ref(),
            path: &self.path,
            query: &self.query,
            headers: &parts.headers,
        }
    }
}
