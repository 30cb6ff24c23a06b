//! A certificate with its key, from PEM.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, RootCertStore};
use sluice_config::plan::{KeyPair, NamedFile};
use sluice_config::{Code, Diagnostic, Severity};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::provider;

/// A certificate that can be shown, and what it says of itself.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    /// The hosts that it names, in lower case.
    pub(super) names: Vec<String>,
    valid: (i64, i64),
}

impl Pair {
    /// Reads a certificate, with those between it and its authority, and its key.
    pub(super) fn read(plan: &KeyPair, certificate: &[u8], key: &[u8]) -> Result<Self, Diagnostic> {
        let chain = certificates(&plan.certificate, certificate)?;
        let leaf = chain.first().ok_or_else(|| none(&plan.certificate))?;
        let (names, valid) = judge(leaf).ok_or_else(|| unreadable(&plan.certificate))?;
        let parsed = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
            // Nothing of the content is told: it may be a key in another form.
            let message = format!("`{}` holds no private key", plan.key.path.display());
            let hint = match error {
                rustls::pki_types::pem::Error::NoItemsFound => {
                    "write an unencrypted PEM key (`BEGIN PRIVATE KEY`)"
                }
                _ => "the file is not well-formed PEM",
            };
            plan.key.place.fault(Code::BadKeyFile, message).hint(hint)
        })?;
        let made = CertifiedKey::from_der(chain, parsed, &provider());
        let key = made.map_err(|error| misfit(plan, &error))?;
        Ok(Self {
            key: Arc::new(key),
            names,
            valid,
        })
    }

    /// When it expires, in Unix seconds.
    pub(super) fn end(&self) -> f64 {
        // Exact far beyond the dates that a certificate can have.
        self.valid.1 as f64
    }

    /// A warning when the certificate is not valid at `now`.
    pub(super) fn judge_at(&self, plan: &KeyPair, now: Timestamp) -> Option<Diagnostic> {
        let (begin, end) = self.valid;
        let shown =
            |seconds| Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |t| t.to_string());
        let told = match now.as_second() {
            now if now > end => format!("has expired ({})", shown(end)),
            now if now < begin => format!("is not valid yet ({})", shown(begin)),
            _ => return None,
        };
        let message = format!("the certificate `{}` {told}", plan.certificate.path.display());
        let mut fault = plan.certificate.place.fault(Code::BadKeyFile, message);
        fault.severity = Severity::Warning;
        Some(fault.hint("renew it; it is shown all the same, and clients will refuse it"))
    }
}

/// The authorities of a file.
pub(super) fn authorities(named: &NamedFile, pem: &[u8]) -> Result<RootCertStore, Diagnostic> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(named, pem)? {
        roots.add(certificate).map_err(|_| unreadable(named))?;
    }
    match roots.is_empty() {
        true => Err(none(named)),
        false => Ok(roots),
    }
}

fn certificates(named: &NamedFile, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Diagnostic> {
    let all: Result<_, _> = CertificateDer::pem_slice_iter(pem).collect();
    all.map_err(|_| unreadable(named))
}

/// The names of a certificate and the seconds between which it is valid.
fn judge(leaf: &CertificateDer<'_>) -> Option<(Vec<String>, (i64, i64))> {
    let (_rest, certificate) = X509Certificate::from_der(leaf).ok()?;
    let validity = certificate.validity();
    let valid = (validity.not_before.timestamp(), validity.not_after.timestamp());
    let names = certificate.subject_alternative_name().ok()?;
    let names = names.map_or_else(Vec::new, |extension| {
        let dns = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        };
        extension.value.general_names.iter().filter_map(dns).collect()
    });
    Some((names, valid))
}

fn misfit(plan: &KeyPair, error: &Error) -> Diagnostic {
    let (key, certificate) = (plan.key.path.display(), plan.certificate.path.display());
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            let message = format!("the key `{key}` does not belong to the certificate `{certificate}`");
            plan.key.place.fault(Code::BadKeyFile, message)
        }
        _ => {
            let message = format!("the key `{key}` cannot be used with `{certificate}`: {error}");
            let hint = "use an RSA key of 2,048 bits or more, an ECDSA key (P-256, P-384, P-521) or Ed25519";
            plan.key.place.fault(Code::BadKeyFile, message).hint(hint)
        }
    }
}

fn none(named: &NamedFile) -> Diagnostic {
    let message = format!("`{}` holds no certificate", named.path.display());
    let hint = "write PEM: `-----BEGIN CERTIFICATE-----` and what follows";
    named.place.fault(Code::BadKeyFile, message).hint(hint)
}

fn unreadable(named: &NamedFile) -> Diagnostic {
    let message = format!(
        "`{}` holds something that is not a certificate",
        named.path.display()
    );
    named.place.fault(Code::BadKeyFile, message)
}
