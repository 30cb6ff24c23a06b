//! `sluice run` with TLS: new files are taken from the disk, sockets are handed over, and the admin API is served over it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "cli/sluice.rs"]
mod binary;
#[path = "cli/todos.rs"]
#[allow(dead_code)]
mod todos;

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use binary::{PATIENCE, Process, example, free_address};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const HOST: &str = "api.example.com";

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        Self { issuer, der }
    }

    /// Writes a pair, and gives its certificate.
    fn write(&self, directory: &Path) -> Vec<u8> {
        let params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        // In two steps, as renewals do: in between, the key does not belong to the certificate.
        fs::write(directory.join("api.pem"), certificate.pem()).unwrap();
        fs::write(directory.join("api.key"), key.serialize_pem()).unwrap();
        certificate.der().to_vec()
    }

    fn connect(&self, address: SocketAddr) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(HOST).unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream)
    }

    fn shown(&self, address: SocketAddr) -> Option<Vec<u8>> {
        let stream = self.connect(address).ok()?;
        Some(stream.conn.peer_certificates()?[0].to_vec())
    }

    fn get(&self, address: SocketAddr, target: &str) -> Option<String> {
        let mut stream = self.connect(address).ok()?;
        get(&mut stream, target, "close")
    }
}

/// One exchange; to the end of the connection, or as much as is there.
fn get(stream: &mut (impl Read + Write), target: &str, connection: &str) -> Option<String> {
    // Without administrators the admin API is for loopback hosts.
    let host = if target == "/metrics" { "localhost" } else { HOST };
    let head = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: {connection}\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    stream.flush().ok()?;
    let mut bytes = vec![0; 16 * 1024];
    let mut count = 0;
    while let Ok(more @ 1..) = stream.read(&mut bytes[count..]) {
        count += more;
        let text = String::from_utf8_lossy(&bytes[..count]);
        let length = text
            .to_lowercase()
            .split_once("content-length: ")
            .and_then(|(_, rest)| rest.split("\r\n").next()?.parse::<usize>().ok());
        let whole = text.split_once("\r\n\r\n").zip(length);
        if whole.is_some_and(|((_, body), length)| body.len() >= length) {
            return Some(text.into_owned());
        }
    }
    (count > 0).then(|| String::from_utf8_lossy(&bytes[..count]).into_owned())
}

fn configure(directory: &Path) -> (SocketAddr, SocketAddr) {
    for name in ["apis/todos/api.yaml", "apis/todos/changes/1-2.yaml"] {
        fs::create_dir_all(directory.join(name).parent().unwrap()).unwrap();
        fs::copy(format!("{}/{name}", example("hello")), directory.join(name)).unwrap();
    }
    fs::create_dir(directory.join("certs")).unwrap();
    let (data, admin, backend) = (free_address(), free_address(), todos::serve());
    // Relative paths are meant from the configuration directory.
    let main = format!(
        "sluice: 1\nlisten: []\nadmin: \"{admin}\"\ntls:\n  listen: [\"{data}\"]\n  admin: true\n  certificates:\n    \
         - {{certificate: certs/api.pem, key: certs/api.key}}\nupstreams:\n  todos: {{endpoints: [\"{backend}\"]}}\n"
    );
    fs::write(directory.join("sluice.yaml"), main).unwrap();
    (data, admin)
}

fn run(directory: &Path, more: &[&str]) -> Process {
    let (path, socket) = (directory.to_str().unwrap(), directory.join("upgrade.sock"));
    let usual = [
        "run",
        path,
        "--log-format",
        "json",
        "--upgrade-socket",
        socket.to_str().unwrap(),
    ];
    Process::start(&[&usual, more].concat(), &[])
}

#[test]
fn a_process_takes_new_files_and_hands_its_sockets_over() {
    let (directory, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let (data, admin) = configure(directory.path());
    let certs = directory.path().join("certs");
    let first = authority.write(&certs);
    let mut process = run(directory.path(), &[]);
    process.until("readiness", || {
        authority
            .get(admin, "/readyz")
            .is_some_and(|answer| answer.contains(" 200 "))
    });
    assert!(authority.get(data, "/v1/todos/1").unwrap().contains("title"));
    assert_eq!(authority.shown(data).unwrap(), first);
    let mut open = authority.connect(data).unwrap();
    assert!(
        get(&mut open, "/v1/todos/1", "keep-alive")
            .unwrap()
            .contains("title")
    );

    // Nothing but the files changes; nobody tells the process.
    let second = authority.write(&certs);
    process.until("the new certificate", || {
        authority.shown(data).is_some_and(|shown| shown == second)
    });
    assert!(
        get(&mut open, "/v1/todos/1", "keep-alive")
            .unwrap()
            .contains("title")
    );

    // A broken pair changes nothing.
    fs::write(certs.join("api.key"), "no key").unwrap();
    process.signal("HUP");
    process.until("the refusal", || process.err().contains("holds no private key"));
    assert_eq!(authority.shown(data).unwrap(), second);
    assert!(
        authority
            .get(admin, "/metrics")
            .unwrap()
            .contains("sluice_certificate_expires_seconds")
    );
    let third = authority.write(&certs);

    let next = run(directory.path(), &["--upgrade"]);
    let socket = directory.path().join("upgrade.sock");
    next.until("the socket", || socket.exists());
    process.signal("QUIT");
    next.until("the hand-over", || next.err().contains("\"serving\""));
    assert_eq!(authority.shown(data).unwrap(), third);
    assert!(authority.get(data, "/v1/todos/1").unwrap().contains("title"));
    assert_eq!(process.end().code(), Some(0), "{}", process.err());
}

#[test]
fn a_process_does_not_begin_without_its_certificates() {
    let directory = tempfile::tempdir().unwrap();
    configure(directory.path());
    let mut process = run(directory.path(), &[]);
    assert_eq!(process.end().code(), Some(1), "{}", process.err());
    let told = process.err();
    assert!(
        told.contains("SLU0034") && told.contains("certs/api.pem"),
        "{told}"
    );
}
