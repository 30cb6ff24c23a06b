//! On what terms clients are secured.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use sluice_config::plan::{CertificatePlan, ClientsPlan, TlsPlan};
use sluice_config::{Code, Diagnostic};

use super::hosts::Hosts;
use super::pair::authorities;
use super::{Maker, provider, versions};
use crate::files::{Print, print};

/// On what terms clients are secured: what an acceptor needs.
#[derive(Debug)]
pub struct Terms {
    /// For rustls.
    pub(crate) config: Arc<ServerConfig>,
    /// The longest that a handshake may take.
    pub(crate) within: Duration,
    choice: Arc<Choice>,
    made_of: Print,
}

impl Terms {
    /// Whether requests for `host` may come over a connection that was made for `server_name`.
    pub(super) fn is_directed(&self, server_name: &str, host: &str) -> bool {
        self.choice.hosts.is_directed(server_name, host)
    }
}

/// Certificates, and which one a client gets.
#[derive(Debug, Default)]
struct Choice {
    hosts: Hosts,
    keys: Vec<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Choice {
    /// None: the handshake ends with an alert.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let index = match hello.server_name() {
            Some(name) => self.hosts.choose(name)?,
            None => self.hosts.unnamed(),
        };
        self.keys.get(index).cloned()
    }
}

/// The content of the files of a plan.
struct Contents {
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    authorities: Option<Vec<u8>>,
}

impl Maker {
    /// The terms of a plan; `before` itself when nothing has changed.
    pub(super) fn terms(&mut self, plan: &TlsPlan, before: Option<&Arc<Terms>>) -> Option<Arc<Terms>> {
        let contents = self.contents(plan)?;
        let made_of = contents.print(plan);
        let choice = self.choice(plan, &contents)?;
        if let Some(same) = before.filter(|terms| terms.made_of == made_of) {
            return Some(Arc::clone(same));
        }
        let verifier = match (&plan.clients, &contents.authorities) {
            (Some(clients), Some(pem)) => Some(self.verifier(clients, pem)?),
            _ => None,
        };
        let choice = Arc::new(choice);
        Some(Arc::new(Terms {
            config: self.config(plan, verifier, Arc::clone(&choice))?,
            within: plan.handshake,
            choice,
            made_of,
        }))
    }

    /// Every file is read, so that every fault is told.
    fn contents(&mut self, plan: &TlsPlan) -> Option<Contents> {
        let pairs: Vec<_> = plan
            .certificates
            .iter()
            .map(|CertificatePlan { pair, .. }| {
                let certificate = self.files.read(&pair.certificate);
                let key = self.files.read(&pair.key);
                let (certificate, key) = (self.told(certificate), self.told(key));
                Some((certificate?, key?))
            })
            .collect();
        let authorities = plan.clients.as_ref().map(|clients| {
            let read = self.files.read(&clients.authorities);
            self.told(read)
        });
        Some(Contents {
            pairs: pairs.into_iter().collect::<Option<_>>()?,
            authorities: match authorities {
                Some(read) => Some(read?),
                None => None,
            },
        })
    }

    fn choice(&mut self, plan: &TlsPlan, contents: &Contents) -> Option<Choice> {
        let mut choice = Choice::default();
        let mut sound = true;
        for (index, (certificate, (chain, key))) in plan.certificates.iter().zip(&contents.pairs).enumerate()
        {
            let Some(pair) = self.pair(&certificate.pair, chain, key) else {
                sound = false;
                continue;
            };
            let faults = choice.hosts.take(certificate, &pair.names, index);
            sound &= faults.is_empty();
            self.faults.extend(faults);
            choice.keys.push(pair.key);
        }
        sound.then_some(choice)
    }

    fn verifier(&mut self, clients: &ClientsPlan, pem: &[u8]) -> Option<Arc<dyn ClientCertVerifier>> {
        let roots = self.told(authorities(&clients.authorities, pem))?;
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let builder = match clients.required {
            true => builder,
            false => builder.allow_unauthenticated(),
        };
        let built = builder.build().map_err(|error| {
            let message = format!("`{}` cannot be used: {error}", clients.authorities.path.display());
            clients.authorities.place.fault(Code::BadKeyFile, message)
        });
        self.told(built)
    }

    fn config(
        &mut self,
        plan: &TlsPlan,
        verifier: Option<Arc<dyn ClientCertVerifier>>,
        choice: Arc<Choice>,
    ) -> Option<Arc<ServerConfig>> {
        let builder = ServerConfig::builder_with_details(provider(), Arc::new(self.clock));
        let builder = builder.with_protocol_versions(versions(plan.minimum)).ok()?;
        let proves = verifier.is_some();
        let mut config = match verifier {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        }
        .with_cert_resolver(choice);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        if proves {
            // A resumed session would not be verified again: each connection proves itself.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Some(Arc::new(config))
    }
}

impl Contents {
    fn print(&self, plan: &TlsPlan) -> Print {
        let mut parts = format!("{plan:?}").into_bytes();
        let files = self
            .pairs
            .iter()
            .flat_map(|(certificate, key)| [certificate, key]);
        for file in files.chain(&self.authorities) {
            parts.extend(print(file));
        }
        print(&parts)
    }
}

impl Hosts {
    /// Takes the hosts of a certificate in. Gives what is wrong with that.
    fn take(&mut self, plan: &CertificatePlan, names: &[String], index: usize) -> Vec<Diagnostic> {
        let place = &plan.pair.certificate.place;
        let shown = plan.pair.certificate.path.display();
        let hosts = if plan.hosts.is_empty() { names } else { &plan.hosts };
        if plan.default {
            self.set_default(index);
        } else if hosts.is_empty() && index > 0 {
            let message = format!("the certificate `{shown}` names no host");
            return vec![
                place
                    .fault(Code::BadKeyFile, message)
                    .hint("say with `hosts` for which it is"),
            ];
        }
        let claimed = hosts.iter().filter(|host| self.add(host, index).is_some());
        let told = claimed.map(|host| {
            let message = format!("`{shown}` is for `{host}`, as another certificate before it");
            place
                .fault(Code::SameHost, message)
                .hint("say with `hosts` which one is for what")
        });
        told.collect()
    }
}
