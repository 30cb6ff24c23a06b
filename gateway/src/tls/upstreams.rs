//! How upstreams are reached and verified. There is no way to leave the verification out.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use sluice_config::Code;
use sluice_config::plan::{Endpoint, UpstreamPlan, UpstreamTls};

use super::pair::{Pair, authorities};
use super::{Maker, provider, versions};
use crate::files::{Print, print};

/// How an upstream is reached over TLS.
#[derive(Debug)]
pub struct Secure {
    /// For rustls.
    pub(crate) config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    made_of: Print,
}

impl Secure {
    /// The name that the certificate must have.
    pub(crate) fn name_for(&self, endpoint: &str) -> Option<ServerName<'static>> {
        match &self.server_name {
            Some(name) => Some(name.clone()),
            None => ServerName::try_from(Endpoint::parse(endpoint).ok()?.host).ok(),
        }
    }

    /// The host by which an endpoint is asked: the name that it proves to have, with the port unless it is the usual one.
    pub(crate) fn host_for(&self, endpoint: &str) -> String {
        let (host, port) = endpoint.rsplit_once(':').unwrap_or((endpoint, "443"));
        let named = self.server_name.as_ref().map(ServerName::to_str);
        let host = match &named {
            Some(name) if name.contains(':') => format!("[{name}]"),
            Some(name) => name.to_string(),
            None => host.to_owned(),
        };
        match port {
            "443" => host,
            _ => format!("{host}:{port}"),
        }
    }
}

impl Maker {
    /// TLS towards an upstream; one of `before` when nothing has changed.
    pub(super) fn upstream(
        &mut self,
        plan: &UpstreamPlan,
        before: &[Option<Arc<Secure>>],
    ) -> Option<Arc<Secure>> {
        let tls = plan.tls.as_ref()?;
        let (roots, mut parts) = match &tls.authorities {
            Some(named) => {
                let read = self.files.read(named);
                let pem = self.told(read)?;
                (self.told(authorities(named, &pem))?, pem)
            }
            None => self.system(plan)?,
        };
        let own = match &tls.pair {
            Some(pair) => {
                let (certificate, key) = (self.files.read(&pair.certificate), self.files.read(&pair.key));
                let (certificate, key) = (self.told(certificate), self.told(key));
                let (certificate, key) = (certificate?, key?);
                parts.extend(print(&certificate));
                parts.extend(print(&key));
                Some(self.pair(pair, &certificate, &key)?)
            }
            None => None,
        };
        let UpstreamTls {
            server_name, minimum, ..
        } = tls;
        parts.extend(format!("{} {server_name:?} {minimum:?}", plan.name).into_bytes());
        let made_of = print(&parts);
        if let Some(same) = before.iter().flatten().find(|known| known.made_of == made_of) {
            return Some(Arc::clone(same));
        }
        let server_name = server_name
            .clone()
            .and_then(|name| ServerName::try_from(name).ok());
        Some(Arc::new(Secure {
            config: self.client_config(tls, roots, own)?,
            server_name,
            made_of,
        }))
    }

    /// The system's authorities, and what tells them from others.
    fn system(&mut self, plan: &UpstreamPlan) -> Option<(RootCertStore, Vec<u8>)> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let parts = found.certs.iter().flat_map(|c| print(c)).collect();
        // A system's list may hold what rustls does not read; the rest will do.
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let message = format!(
                "the system has no authorities by which `{}` could be verified",
                plan.name
            );
            let why = found.errors.first().map(ToString::to_string);
            let hint = why.unwrap_or_else(|| "name a file as `authorities`".to_owned());
            let fault = sluice_config::Diagnostic::new(Code::BadKeyFile, "sluice.yaml", None, message);
            self.faults.push(fault.hint(hint));
            return None;
        }
        Some((roots, parts))
    }

    fn client_config(
        &self,
        plan: &UpstreamTls,
        roots: RootCertStore,
        own: Option<Pair>,
    ) -> Option<Arc<ClientConfig>> {
        let builder = ClientConfig::builder_with_details(provider(), Arc::new(self.clock));
        let builder = builder.with_protocol_versions(versions(plan.minimum)).ok()?;
        let builder = builder.with_root_certificates(roots);
        let mut config = match own {
            Some(own) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own.key))),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::in_memory_sessions(64);
        Some(Arc::new(config))
    }
}
