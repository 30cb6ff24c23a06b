//! Exchanges with identity servers. What is asked is what the configuration names and nothing else: redirects are not
//! followed, no proxy of the environment is used, and names are resolved here, so that the address that was judged is the
//! one that is connected to.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, Url};
use sluice_config::plan::{Remote, is_link_local};
use sluice_config::{Code, Diagnostic};

use super::{Print, print};
use crate::files::{self, MAX};

/// How long an unused connection is held.
const IDLE: Duration = Duration::from_secs(30);

/// What identity servers answer with.
const JSON: &str = "application/json";

/// Why there is no answer. For operators: clients are told less.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFault {
    /// It did not answer in time.
    #[error("it did not answer in time")]
    Timeout,
    /// It cannot be reached.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It answered something else than 200.
    #[error("it answered {0}")]
    Status(StatusCode),
    /// It answered too much.
    #[error("its answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl FetchFault {
    /// The word for it in metrics.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable(_) => "unreachable",
            Self::Status(_) => "status",
            Self::TooLarge(_) => "too_large",
        }
    }

    /// Whether the server itself fails, whatever it is asked.
    pub fn is_of_the_server(&self) -> bool {
        match self {
            Self::Timeout | Self::Unreachable(_) => true,
            Self::Status(status) => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge(_) => false,
        }
    }
}

/// Asks one address.
#[derive(Clone)]
pub struct Fetcher {
    client: Client,
    url: Url,
    /// Host, port and path, for logs and metrics: a query may hold secrets.
    pub label: String,
    /// What tells the authorities' file from another.
    pub authorities: Print,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fetcher").field(&self.label).finish()
    }
}

impl Fetcher {
    /// Makes it.
    ///
    /// # Errors
    /// An address that must not be asked; authorities that cannot be read.
    pub fn new(remote: &Remote, directory: Option<&Path>) -> Result<Self, Diagnostic> {
        Self::resolving(remote, directory, Arc::new(System))
    }

    /// The same with other names than the system's.
    ///
    /// # Errors
    /// The same.
    pub fn resolving(
        remote: &Remote,
        directory: Option<&Path>,
        names: Arc<dyn Resolve>,
    ) -> Result<Self, Diagnostic> {
        let bad = |why: &dyn fmt::Display| {
            remote
                .place
                .fault(Code::BadUrl, format!("the address cannot be asked: {why}"))
        };
        let url: Url = remote.url.parse().map_err(|error| bad(&error))?;
        let plain = url.scheme() == "http";
        let guard = Guard {
            names,
            link_local: remote.link_local,
            loopback_only: plain && !remote.plain_http,
        };
        if let Some(number) = literal(&url) {
            guard.judge(number).map_err(|refused| bad(&refused))?;
        }
        let pem = remote
            .authorities
            .as_ref()
            .map(|named| files::read(named, directory, MAX, Code::Unreadable));
        let pem = pem.transpose()?.unwrap_or_default();
        let builder = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(!plain)
            .http1_only()
            .connect_timeout(remote.timeout)
            .timeout(remote.timeout)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(4)
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(guard));
        let builder = match &remote.authorities {
            Some(_) => {
                builder.tls_certs_only(Certificate::from_pem_bundle(&pem).map_err(|error| bad(&error))?)
            }
            // Without TLS none is verified.
            None if plain => builder.tls_certs_only([]),
            None => builder,
        };
        Ok(Self {
            client: builder.build().map_err(|error| bad(&error))?,
            label: label(&url),
            url,
            authorities: print(&pem),
        })
    }

    /// Gets a document of at most so many bytes.
    ///
    /// # Errors
    /// There is none.
    pub async fn get(&self, most: usize) -> Result<Vec<u8>, FetchFault> {
        let request = self.client.get(self.url.clone());
        exchange(request.header(ACCEPT, JSON), most, is_ok).await
    }

    /// Sends a form, and gets a document.
    ///
    /// # Errors
    /// There is none.
    pub async fn post(
        &self,
        authorization: HeaderValue,
        form: String,
        most: usize,
    ) -> Result<Vec<u8>, FetchFault> {
        let request = self.client.post(self.url.clone());
        let request = request
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, JSON)
            .body(form);
        exchange(request, most, is_ok).await
    }

    /// Sends bytes with these fields, and gets at most so many; every 2xx is success.
    ///
    /// # Errors
    /// They were not taken.
    pub async fn send(&self, fields: HeaderMap, bytes: Bytes, most: usize) -> Result<Vec<u8>, FetchFault> {
        let request = self.client.post(self.url.clone()).headers(fields).body(bytes);
        exchange(request, most, |status| status.is_success()).await
    }

    /// Sends bytes with these fields; what is answered besides the status is not read.
    ///
    /// # Errors
    /// They were not taken: any status of success says that they were.
    pub async fn tell(&self, fields: HeaderMap, bytes: Bytes) -> Result<(), FetchFault> {
        let request = self.client.post(self.url.clone()).headers(fields).body(bytes);
        match request.send().await.map_err(told)?.status() {
            status if status.is_success() => Ok(()),
            status => Err(FetchFault::Status(status)),
        }
    }
}

fn is_ok(status: StatusCode) -> bool {
    status == StatusCode::OK
}

async fn exchange(
    request: RequestBuilder,
    most: usize,
    is_success: fn(StatusCode) -> bool,
) -> Result<Vec<u8>, FetchFault> {
    let mut answer = request.send().await.map_err(told)?;
    if !is_success(answer.status()) {
        return Err(FetchFault::Status(answer.status()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(told)? {
        if bytes.len() + chunk.len() > most {
            return Err(FetchFault::TooLarge(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The innermost cause; the address stands in none of it.
fn told(error: reqwest::Error) -> FetchFault {
    if error.is_timeout() {
        return FetchFault::Timeout;
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    FetchFault::Unreachable(cause.to_string())
}

fn label(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path())
}

/// The address in a URL that has no name: it is not resolved.
fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Names as the system resolves them.
struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

/// Names that lead only to where they may.
struct Guard {
    names: Arc<dyn Resolve>,
    link_local: bool,
    loopback_only: bool,
}

/// An address that must not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("it leads to a link-local address, where clouds hand out credentials")]
    LinkLocal,
    #[error("over plain HTTP it may only lead to this machine")]
    NotLoopback,
}

impl Guard {
    fn judge(&self, address: IpAddr) -> Result<(), Refused> {
        judge(address, self.link_local, self.loopback_only)
    }
}

fn judge(address: IpAddr, link_local: bool, loopback_only: bool) -> Result<(), Refused> {
    if is_link_local(address) && !link_local {
        return Err(Refused::LinkLocal);
    }
    if loopback_only && !address.to_canonical().is_loopback() {
        return Err(Refused::NotLoopback);
    }
    Ok(())
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.names.resolve(name);
        let (link_local, loopback_only) = (self.link_local, self.loopback_only);
        Box::pin(async move {
            let found: Vec<SocketAddr> = found.await?.collect();
            // One address that must not be asked makes the whole answer suspect.
            for address in &found {
                judge(address.ip(), link_local, loopback_only)?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
