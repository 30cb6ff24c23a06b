//! Where names may lead, and whose certificate counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use sluice_config::Span;
use sluice_config::plan::{NamedFile, Place};

use super::*;

/// A server of names that answers each question with the next address.
struct Names {
    addresses: Vec<&'static str>,
    asked: AtomicUsize,
}

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        let addresses = self.addresses[asked % self.addresses.len()].split(' ');
        let addresses: Vec<SocketAddr> = addresses
            .map(|a| SocketAddr::new(a.parse().unwrap(), 0))
            .collect();
        Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
    }
}

fn place() -> Place {
    Place {
        file: "x".to_owned(),
        span: Span::START,
    }
}

fn remote(url: String) -> Remote {
    Remote {
        url,
        timeout: Duration::from_secs(10),
        authorities: None,
        plain_http: true,
        link_local: false,
        place: place(),
    }
}

fn get(fetcher: &Fetcher) -> Result<Vec<u8>, FetchFault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(fetcher.get(1000))
}

/// A server that answers each connection once.
fn server() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let met = Arc::new(AtomicUsize::new(0));
    let counter = met.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::Relaxed);
            let _request = stream.read(&mut [0; 4096]);
            let _gone =
                stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
        }
    });
    (port, met)
}

#[test]
fn a_name_that_is_bound_anew_leads_nowhere_else() {
    let (port, met) = server();
    let names = Arc::new(Names {
        addresses: vec![
            "127.0.0.1",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "127.0.0.1 169.254.0.1",
        ],
        asked: AtomicUsize::new(0),
    });
    let fetcher =
        Fetcher::resolving(&remote(format!("http://id.example:{port}/")), None, names.clone()).unwrap();
    assert_eq!(get(&fetcher), Ok(b"{}".to_vec()));
    for _ in 0..3 {
        match get(&fetcher) {
            Err(FetchFault::Unreachable(why)) => assert!(why.contains("link-local"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    // The address that was judged is the one that is connected to: a name is asked for once an exchange.
    assert_eq!(
        (names.asked.load(Ordering::Relaxed), met.load(Ordering::Relaxed)),
        (4, 1)
    );
}

#[test]
fn link_local_and_plain_http_elsewhere_are_for_who_asks_for_them() {
    assert_eq!(judge("169.254.1.1".parse().unwrap(), true, false), Ok(()));
    assert_eq!(
        judge("169.254.1.1".parse().unwrap(), false, false),
        Err(Refused::LinkLocal)
    );
    assert_eq!(
        judge("10.0.0.1".parse().unwrap(), false, true),
        Err(Refused::NotLoopback)
    );
    assert_eq!(judge("::ffff:127.0.0.1".parse().unwrap(), false, true), Ok(()));
    let (port, met) = server();
    let names = Names {
        addresses: vec!["10.0.0.1"],
        asked: AtomicUsize::new(0),
    };
    let local = Remote {
        plain_http: false,
        ..remote(format!("http://localhost:{port}/"))
    };
    let fetcher = Fetcher::resolving(&local, None, Arc::new(names)).unwrap();
    assert!(matches!(get(&fetcher), Err(FetchFault::Unreachable(why)) if why.contains("this machine")));
    assert_eq!(met.load(Ordering::Relaxed), 0);
    assert_eq!(get(&Fetcher::new(&local, None).unwrap()), Ok(b"{}".to_vec()));
}

#[test]
fn a_certificate_counts_by_the_authorities_that_are_named() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["id.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let config = Arc::new(config);
        for stream in listener.incoming().flatten() {
            let session = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(session, stream);
            if stream.read(&mut [0; 4096]).is_ok() {
                let _gone =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
                stream.conn.send_close_notify();
                let _gone = stream.flush();
            }
        }
    });
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ca.pem"), cert.pem()).unwrap();
    std::fs::write(
        directory.path().join("bad.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let named = |file: &str| {
        Some(NamedFile {
            path: file.into(),
            place: place(),
        })
    };
    let ask = |host: &str, authorities: Option<NamedFile>| {
        let names = Names {
            addresses: vec!["127.0.0.1"],
            asked: AtomicUsize::new(0),
        };
        let remote = Remote {
            authorities,
            ..remote(format!("https://{host}:{port}/"))
        };
        Fetcher::resolving(&remote, Some(directory.path()), Arc::new(names))
    };
    assert_eq!(
        get(&ask("id.example", named("ca.pem")).unwrap()),
        Ok(b"{}".to_vec())
    );
    for (host, authorities) in [("other.example", named("ca.pem")), ("id.example", None)] {
        match ask(host, authorities).map(|fetcher| get(&fetcher)) {
            Ok(Err(FetchFault::Unreachable(why))) => assert!(why.contains("certificate"), "{why}"),
            // A machine without any authorities.
            Err(fault) => println!("not tried: {fault:?}"),
            Ok(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(
        ask("id.example", named("none.pem")).unwrap_err().code,
        Code::MissingFile
    );
    assert!(ask("id.example", named("bad.pem")).is_err());
}
