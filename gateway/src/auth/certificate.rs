//! Client certificates, which TLS has verified: whose they are, by fingerprint, subject or alternative name.

use sha2::{Digest as _, Sha256};
use sluice_config::plan::{CertificateMatch, ConsumerId};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::scheme::Means;
use super::verdict::{Proved, Verdict, Wrong};
use crate::serve::Peer;

const SCHEME: &str = "certificate";

/// Judges the certificate of a connection.
pub(super) fn judge(peer: &Peer, means: &Means<'_>) -> Verdict {
    let Some(der) = peer
        .secured
        .as_ref()
        .and_then(|secured| secured.certificates.first())
    else {
        return Verdict::Absent;
    };
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return Wrong::new(SCHEME, "malformed", "the client certificate cannot be read").into();
    };
    let fingerprint: [u8; 32] = Sha256::digest(der).into();
    let subject = rfc4514(certificate.subject());
    let told = |wrong: Wrong| {
        let hex: String = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
        let wrong = wrong.note("fingerprint", format!("sha256:{hex}"));
        Verdict::Wrong(wrong.note("subject", subject.clone()))
    };
    // A connection may outlive the certificate that it began with.
    if certificate.validity().not_after.timestamp() < means.clock.now().as_second() {
        return told(Wrong::new(
            SCHEME,
            "expired",
            "the client certificate has expired",
        ));
    }
    let mut holders: Vec<ConsumerId> = names(&certificate, fingerprint, &subject)
        .iter()
        .filter_map(|name| means.holders.certificate(name))
        .collect();
    holders.sort_unstable();
    holders.dedup();
    match holders[..] {
        [] => told(Wrong::new(
            SCHEME,
            "unknown_certificate",
            "the client certificate is no consumer's",
        )),
        [consumer] => Verdict::Proved(Proved {
            consumer,
            subject: Some(subject.into()),
            scopes: Vec::new(),
            scheme: SCHEME,
        }),
        [_, ..] => told(Wrong::new(
            SCHEME,
            "conflict",
            "the client certificate names different consumers",
        )),
    }
}

/// Everything that a certificate may be listed under.
fn names(certificate: &X509Certificate<'_>, fingerprint: [u8; 32], subject: &str) -> Vec<CertificateMatch> {
    let mut names = vec![
        CertificateMatch::Fingerprint(fingerprint),
        CertificateMatch::Subject(subject.to_owned()),
    ];
    let alternative = certificate.subject_alternative_name().ok().flatten();
    for name in alternative
        .iter()
        .flat_map(|extension| &extension.value.general_names)
    {
        match name {
            GeneralName::DNSName(name) => names.push(CertificateMatch::Dns(name.to_ascii_lowercase())),
            GeneralName::URI(uri) => names.push(CertificateMatch::Uri((*uri).to_owned())),
            _ => {}
        }
    }
    names
}

/// A name as RFC 4514 writes it: its last part first, what would be read as something else escaped.
fn rfc4514(name: &X509Name<'_>) -> String {
    let parts: Vec<String> = name
        .iter()
        .map(|part| {
            let attributes: Vec<String> = part
                .iter()
                .map(|attribute| {
                    let kind = oid2abbrev(attribute.attr_type(), oid_registry())
                        .map_or_else(|_| attribute.attr_type().to_id_string(), str::to_owned);
                    let value = attribute
                        .as_str()
                        .map_or_else(|_| hex(attribute.as_slice()), escaped);
                    format!("{kind}={value}")
                })
                .collect();
            attributes.join("+")
        })
        .collect();
    parts.into_iter().rev().collect::<Vec<_>>().join(",")
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("#{digits}")
}

fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(value.len());
    for (index, c) in value.chars().enumerate() {
        let special = matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\');
        let edge = c == ' ' && (index == 0 || index == last) || c == '#' && index == 0;
        if special || edge {
            out.push('\\');
        }
        match c {
            '\0' => out.push_str("\\00"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn values_are_escaped_as_rfc_4514_says() {
        assert_eq!(escaped("a, O=b"), "a\\, O=b");
        assert_eq!(escaped(" #a "), "\\ #a\\ ");
        assert_eq!(escaped("#a"), "\\#a");
        assert_eq!(escaped("James \"Jim\" Smith"), "James \\\"Jim\\\" Smith");
    }
}
