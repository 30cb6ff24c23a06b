//! `tls` of `sluice.yaml` and of upstreams → which files to read, and for which hosts. The files themselves are read when
//! the plan is put to work: they change without the configuration.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{CertificatePlan, ClientsPlan, KeyPair, NamedFile, TlsPlan, UpstreamTls, is_host_name};
use crate::raw::{RawCertificate, RawTls, RawUpstreamTls};
use crate::yaml::Tree;

/// Endings of files that hold certificates or keys in another form than PEM.
const NOT_PEM: [&str; 5] = ["p12", "pfx", "der", "jks", "p7b"];

/// Judges listeners with TLS. The addresses were judged with all others.
pub(super) fn build(
    tree: &Tree,
    raw: Option<&RawTls>,
    listen: Vec<SocketAddr>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Option<TlsPlan>> {
    let Some(raw) = raw else {
        return Some(None);
    };
    let mut judge = Judge { tree, faults };
    let certificates = judge.certificates(&raw.certificates);
    let clients = raw.clients.as_ref().map(|clients| {
        let authorities = judge.file("/tls/clients/authorities", &clients.authorities);
        authorities.map(|authorities| ClientsPlan {
            authorities,
            required: clients.required,
        })
    });
    let handshake = super::wait(tree, "/tls/handshake", &raw.handshake, judge.faults);
    let clients = match clients {
        Some(clients) => Some(clients?),
        None => None,
    };
    Some(Some(TlsPlan {
        listen,
        admin: raw.admin,
        minimum: raw.minimum,
        certificates: certificates?,
        clients,
        handshake: handshake?,
    }))
}

/// Judges TLS towards an upstream.
pub(super) fn upstream(
    tree: &Tree,
    upstream: &str,
    raw: Option<&RawUpstreamTls>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Option<UpstreamTls>> {
    let Some(raw) = raw else {
        return Some(None);
    };
    let mut judge = Judge { tree, faults };
    let at = format!("{upstream}/tls");
    let authorities = judge.optional(&format!("{at}/authorities"), raw.authorities.as_deref());
    let pair = judge.own_pair(&at, raw);
    let server_name = match &raw.server_name {
        Some(name) => judge.server_name(&format!("{at}/server_name"), name).map(Some),
        None => Some(None),
    };
    Some(Some(UpstreamTls {
        server_name: server_name?,
        authorities: authorities?,
        pair: pair?,
        minimum: raw.minimum,
    }))
}

struct Judge<'a> {
    tree: &'a Tree,
    faults: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    fn certificates(&mut self, raw: &[RawCertificate]) -> Option<Vec<CertificatePlan>> {
        let (mut hosts, mut default) = (HashSet::new(), false);
        let built: Vec<_> = raw
            .iter()
            .enumerate()
            .map(|(i, raw)| {
                let at = format!("/tls/certificates/{i}");
                self.once_default(&at, raw.default, &mut default);
                self.certificate(&at, raw, &mut hosts)
            })
            .collect();
        built.into_iter().collect()
    }

    fn once_default(&mut self, at: &str, is: bool, before: &mut bool) {
        if is && std::mem::replace(before, true) {
            let pointer = format!("{at}/default");
            let message = "two certificates are the default";
            self.faults
                .push(self.tree.fault(Code::SameHost, &pointer, message));
        }
    }

    fn certificate(
        &mut self,
        at: &str,
        raw: &RawCertificate,
        taken: &mut HashSet<String>,
    ) -> Option<CertificatePlan> {
        let pair = self.pair(at, &raw.certificate, &raw.key);
        for (i, host) in raw.hosts.iter().enumerate() {
            self.host(&format!("{at}/hosts/{i}"), host, taken);
        }
        Some(CertificatePlan {
            pair: pair?,
            hosts: raw.hosts.clone(),
            default: raw.default,
        })
    }

    fn host(&mut self, pointer: &str, host: &str, taken: &mut HashSet<String>) {
        let name = host.strip_prefix("*.").unwrap_or(host);
        if !is_host_name(name) || name.bytes().any(|b| b.is_ascii_uppercase()) {
            let message = format!("`{}` is not a host name in lower case", self.tree.shown(pointer));
            let hint = "write the name alone, such as `api.example.com` or `*.example.com`";
            self.faults
                .push(self.tree.fault(Code::BadHost, pointer, message).hint(hint));
        } else if !taken.insert(host.to_owned()) {
            let message = format!("two certificates are for `{host}`");
            self.faults
                .push(self.tree.fault(Code::SameHost, pointer, message));
        }
    }

    fn own_pair(&mut self, at: &str, raw: &RawUpstreamTls) -> Option<Option<KeyPair>> {
        match (&raw.certificate, &raw.key) {
            (Some(certificate), Some(key)) => self.pair(at, certificate, key).map(Some),
            (None, None) => Some(None),
            (Some(_), None) => self.half(at, "certificate", "key"),
            (None, Some(_)) => self.half(at, "key", "certificate"),
        }
    }

    fn half<T>(&mut self, at: &str, there: &str, missing: &str) -> Option<T> {
        let pointer = format!("{at}/{there}");
        let message = format!("there is a `{there}` and no `{missing}`");
        let fault = self.tree.fault(Code::BadSettings, &pointer, message);
        self.faults
            .push(fault.hint(format!("add `{missing}`, or delete `{there}`")));
        None
    }

    fn pair(&mut self, at: &str, certificate: &str, key: &str) -> Option<KeyPair> {
        let certificate = self.file(&format!("{at}/certificate"), certificate);
        let key = self.file(&format!("{at}/key"), key);
        Some(KeyPair {
            certificate: certificate?,
            key: key?,
        })
    }

    fn server_name(&mut self, pointer: &str, name: &str) -> Option<String> {
        let lower = name.to_ascii_lowercase();
        if is_host_name(name) || name.parse::<std::net::IpAddr>().is_ok() {
            return Some(lower);
        }
        let message = format!("`{}` is not a host name", self.tree.shown(pointer));
        let hint = "write the name alone, as it stands in the upstream's certificate";
        self.faults
            .push(self.tree.fault(Code::BadHost, pointer, message).hint(hint));
        None
    }

    fn optional(&mut self, pointer: &str, path: Option<&str>) -> Option<Option<NamedFile>> {
        match path {
            Some(path) => self.file(pointer, path).map(Some),
            None => Some(None),
        }
    }

    fn file(&mut self, pointer: &str, path: &str) -> Option<NamedFile> {
        let ending = Path::new(path).extension().and_then(|e| e.to_str());
        let lower = ending.unwrap_or_default().to_ascii_lowercase();
        if path.is_empty() || NOT_PEM.contains(&lower.as_str()) {
            let message = format!("`{}` is not a PEM file", self.tree.shown(pointer));
            let hint = "convert it with `openssl x509` and `openssl pkey`, and name what they write";
            let fault = self.tree.fault(Code::BadKeyFile, pointer, message);
            self.faults.push(fault.hint(hint));
            return None;
        }
        Some(NamedFile {
            path: PathBuf::from(path),
            place: super::place(self.tree, pointer),
        })
    }
}
