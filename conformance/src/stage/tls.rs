//! Certificates that tests make, and clients with TLS.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, ServerConnection,
    StreamOwned, SupportedProtocolVersion,
};

use super::PATIENCE;

/// Who issues certificates.
pub struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, both PEM.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            pem: certificate.pem(),
            der: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Its own certificate.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("an authority");
        roots
    }

    /// A certificate for these names; the first is its common name too.
    #[must_use]
    pub fn issue(&self, names: &[&str]) -> Issued {
        self.issue_until(names, 4000)
    }

    /// A certificate that is valid until the beginning of a year.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn issue_until(&self, names: &[&str], year: i32) -> Issued {
        let texts: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(texts).expect("names");
        let common = names.first().copied().unwrap_or("nobody");
        params.distinguished_name.push(DnType::CommonName, common);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Issued {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Issued {
    /// Writes `NAME.pem` and `NAME.key`.
    ///
    /// # Panics
    /// They cannot be written.
    pub fn write(&self, directory: &Path, name: &str) {
        std::fs::write(directory.join(format!("{name}.pem")), &self.certificate).expect("a file");
        std::fs::write(directory.join(format!("{name}.key")), &self.key).expect("a file");
    }

    /// As rustls has them.
    ///
    /// # Panics
    /// They are not PEM.
    #[must_use]
    pub fn der(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let chain = CertificateDer::pem_slice_iter(self.certificate.as_bytes());
        let chain = chain.collect::<Result<_, _>>().expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key");
        (chain, key)
    }
}

/// How a client speaks TLS.
pub struct Asking<'a> {
    /// Whom it trusts.
    pub trusts: &'a Authority,
    /// The certificate that it shows.
    pub shows: Option<&'a Issued>,
    /// What it offers by ALPN.
    pub offers: &'a [&'a str],
    /// The versions of TLS that it speaks.
    pub versions: &'a [&'static SupportedProtocolVersion],
}

impl<'a> Asking<'a> {
    /// With trust in this authority, HTTP/1.1 and nothing else.
    #[must_use]
    pub fn of(trusts: &'a Authority) -> Self {
        Self {
            trusts,
            shows: None,
            offers: &["http/1.1"],
            versions: rustls::ALL_VERSIONS,
        }
    }

    /// The same with a certificate of its own.
    #[must_use]
    pub fn showing(self, shows: &'a Issued) -> Self {
        Self {
            shows: Some(shows),
            ..self
        }
    }

    /// For rustls.
    ///
    /// # Panics
    /// It cannot be configured so.
    #[must_use]
    pub fn config(&self) -> Arc<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_protocol_versions(self.versions).expect("versions");
        let builder = builder.with_root_certificates(self.trusts.roots());
        let mut config = match self.shows.map(Issued::der) {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).expect("a pair"),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.offers.iter().map(|p| p.as_bytes().to_vec()).collect();
        // A server name that is an address is not sent.
        config.enable_sni = true;
        Arc::new(config)
    }

    /// Shakes hands, with a host name (SNI) or an address (none).
    ///
    /// # Errors
    /// The handshake failed.
    ///
    /// # Panics
    /// There is no connection.
    pub fn connect(&self, address: SocketAddr, name: &str) -> io::Result<Secured> {
        self.connect_with(&self.config(), address, name)
    }

    /// The same with what is known from earlier connections.
    ///
    /// # Errors
    /// The handshake failed.
    ///
    /// # Panics
    /// There is no connection.
    pub fn connect_with(
        &self,
        config: &Arc<ClientConfig>,
        address: SocketAddr,
        name: &str,
    ) -> io::Result<Secured> {
        let socket = TcpStream::connect(address).expect("a connection");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        socket.set_write_timeout(Some(PATIENCE)).expect("a socket");
        socket.set_nodelay(true).expect("a socket");
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Secured(Box::new(stream)))
    }
}

/// A connection with TLS.
pub struct Secured(Box<StreamOwned<ClientConnection, TcpStream>>);

impl Secured {
    /// The certificate that the server showed.
    ///
    /// # Panics
    /// It showed none.
    #[must_use]
    pub fn shown(&self) -> Vec<u8> {
        let chain = self.0.conn.peer_certificates().expect("a certificate");
        chain[0].to_vec()
    }

    /// The protocol that was agreed on.
    #[must_use]
    pub fn protocol(&self) -> Option<&[u8]> {
        self.0.conn.alpn_protocol()
    }

    /// The version of TLS.
    #[must_use]
    pub fn version(&self) -> Option<rustls::ProtocolVersion> {
        self.0.conn.protocol_version()
    }

    /// Whether the handshake went on from an earlier one.
    #[must_use]
    pub fn was_resumed(&self) -> bool {
        self.0.conn.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Says that no more comes.
    pub fn finish(&mut self) {
        self.0.conn.send_close_notify();
        let _lost = self.0.flush();
        let _lost = self.0.sock.shutdown(Shutdown::Write);
    }
}

impl Read for Secured {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Secured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// An upstream with TLS: answers each request with a document that tells its target, the name that was asked for (SNI),
/// `Host`, and how many certificates it was shown.
///
/// # Panics
/// There is no socket.
#[must_use]
pub fn secured_upstream(config: Arc<ServerConfig>) -> SocketAddr {
    super::scripted::upstream(move |socket, _| {
        let Ok(connection) = ServerConnection::new(Arc::clone(&config)) else {
            return;
        };
        let mut stream = StreamOwned::new(connection, socket);
        while let Some(head) = super::scripted::head(&mut stream) {
            let line = |name: &str| {
                head.lines()
                    .find_map(|line| line.strip_prefix(name))
                    .unwrap_or_default()
            };
            let body = serde_json::json!({
                "target": head.split(' ').nth(1),
                "host": line("host: "),
                "server_name": stream.conn.server_name(),
                "shown": stream.conn.peer_certificates().map_or(0, <[_]>::len),
                "protocol": stream.conn.alpn_protocol().map(|p| String::from_utf8_lossy(p).into_owned()),
            });
            let body = body.to_string();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
            );
            if stream
                .write_all((head + &body).as_bytes())
                .and_then(|()| stream.flush())
                .is_err()
            {
                return;
            }
        }
    })
}

/// How an upstream shows a certificate, and asks for one by this authority.
///
/// # Panics
/// It cannot be configured so.
#[must_use]
pub fn showing(
    issued: &Issued,
    asks: Option<&Authority>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(versions).expect("versions");
    let builder = match asks {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let (chain, key) = issued.der();
    Arc::new(builder.with_single_cert(chain, key).expect("a pair"))
}
