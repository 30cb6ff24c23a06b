//! TLS towards clients and towards upstreams, as it is made of a plan.
//!
//! - [`Terms`]: on what terms clients are secured: certificates by the host that is asked for, client certificates;
//! - [`Secure`]: how an upstream is reached and verified;
//! - `files`: the files behind them, and whether they have changed since they were read;
//! - `pair`, `hosts`: certificates with their keys, and the hosts they are for.
//!
//! All of it belongs to an edition: a reload makes it anew where a setting or a file has changed, and new connections
//! take it from the running edition. Open connections keep what they were made with. A file that cannot be used is a
//! fault of the reload. The cryptography (aws-lc-rs) is named in every configuration: nothing depends on a default of the
//! process.

mod clients;
mod directed;
mod hosts;
mod pair;
mod upstreams;

use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use sluice_config::Diagnostic;
use sluice_config::plan::{KeyPair, Plan, TlsVersion};

use crate::clock::Clock;
use crate::shared::Shared;

pub use clients::Terms;
pub use directed::directed;
pub use upstreams::Secure;

use crate::files::{Files, Seen};
use pair::Pair;

/// TLS of one edition.
#[derive(Debug, Default)]
pub struct Tls {
    clients: Option<Arc<Terms>>,
    upstreams: Vec<Option<Arc<Secure>>>,
    seen: Seen,
    warnings: Vec<Diagnostic>,
}

impl Tls {
    /// Reads every file that the plan names. What has not changed since `before` stays as it is.
    ///
    /// # Errors
    /// Every file that cannot be used.
    pub fn compile(plan: &Plan, before: Option<&Self>, shared: &Shared) -> Result<Self, Vec<Diagnostic>> {
        let mut maker = Maker {
            files: Files::new(shared.directory.clone()),
            clock: shared.clock,
            faults: Vec::new(),
            ends: Vec::new(),
        };
        let running = before.and_then(|b| b.clients.as_ref());
        let clients = match &plan.tls {
            Some(tls) => maker.terms(tls, running),
            // Listeners stay as the process began with them, and so does what they need.
            None => running.cloned(),
        };
        let known = before.map_or(&[][..], |b| &b.upstreams);
        let upstreams = plan.upstreams.iter().map(|u| maker.upstream(u, known)).collect();
        let Maker {
            files, faults, ends, ..
        } = maker;
        let (faults, warnings): (Vec<_>, Vec<_>) = faults.into_iter().partition(Diagnostic::is_error);
        if !faults.is_empty() {
            return Err(faults);
        }
        for (certificate, end) in ends {
            let labels = [("certificate", certificate.as_str())];
            shared.meters.set(
                "sluice_certificate_expires_seconds",
                "When a certificate expires, in Unix seconds",
                &labels,
                end,
            );
        }
        Ok(Self {
            clients,
            upstreams,
            seen: files.seen(),
            warnings,
        })
    }

    /// On what terms clients are secured.
    pub fn terms(&self) -> Option<&Arc<Terms>> {
        self.clients.as_ref()
    }

    /// How the upstream with this place in the plan is secured; nothing for a plain one.
    pub fn upstream(&self, index: usize) -> Option<&Arc<Secure>> {
        self.upstreams.get(index)?.as_ref()
    }

    /// Nothing while every file has the content that was read; else what tells their state now from others. It reads them
    /// all: call it off the cores.
    pub fn changed(&self) -> Option<[u8; 32]> {
        self.seen.changed()
    }

    /// What is worth saying of the files, without being wrong.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

/// What TLS is made with.
struct Maker {
    files: Files,
    clock: Clock,
    faults: Vec<Diagnostic>,
    /// Each certificate, and when it expires.
    ends: Vec<(String, f64)>,
}

impl Maker {
    /// A certificate with its key, and what is to be said of how long it is valid.
    fn pair(&mut self, plan: &KeyPair, certificate: &[u8], key: &[u8]) -> Option<Pair> {
        let pair = self.told(Pair::read(plan, certificate, key))?;
        self.faults.extend(pair.judge_at(plan, self.clock.now()));
        let shown = plan.certificate.path.display().to_string();
        self.ends.push((shown, pair.end()));
        Some(pair)
    }

    fn told<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|fault| self.faults.push(fault)).ok()
    }
}

/// The one implementation of cryptography.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// The newest first.
static VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];

fn versions(minimum: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    match minimum {
        TlsVersion::V12 => &VERSIONS,
        TlsVersion::V13 => &VERSIONS[..1],
    }
}

/// The gateway's clock decides whether a certificate is valid.
impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            seconds,
        )))
    }
}
