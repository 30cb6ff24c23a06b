//! Where an endpoint's name may lead. It is resolved here, so that the address that was judged is the one that is
//! connected to: a name that is bound anew in between leads nowhere else.

use std::io;
use std::net::SocketAddr;

use sluice_config::plan::is_link_local;
use tokio::net::{TcpStream, lookup_host};

/// Connects to one of an endpoint's addresses.
pub(super) async fn reach(endpoint: &str, link_local: bool) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = lookup_host(endpoint).await?.collect();
    judge(&addresses, link_local)?;
    TcpStream::connect(addresses.as_slice()).await
}

/// One address that must not be asked makes the whole answer suspect.
fn judge(addresses: &[SocketAddr], link_local: bool) -> io::Result<()> {
    match addresses.iter().find(|address| is_link_local(address.ip())) {
        Some(_) if !link_local => Err(io::Error::other(
            "its name leads to a link-local address, where clouds hand out credentials",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_link_local_address_is_one_too_many() {
        let of = |texts: &[&str]| -> Vec<SocketAddr> { texts.iter().map(|t| t.parse().unwrap()).collect() };
        let (good, bad) = (
            of(&["10.0.0.1:80", "[::1]:80"]),
            of(&["10.0.0.1:80", "[fe80::1]:80"]),
        );
        assert!(judge(&good, false).is_ok() && judge(&bad, true).is_ok());
        assert!(judge(&bad, false).is_err());
    }

    #[tokio::test]
    async fn no_notation_leads_to_the_metadata_of_a_cloud() {
        for endpoint in [
            "169.254.169.254:80",
            "[::ffff:169.254.169.254]:80",
            "2852039166:80",
            "0xa9fea9fe:80",
        ] {
            let error = reach(endpoint, false).await.unwrap_err();
            assert!(error.to_string().contains("link-local"), "{endpoint}: {error}");
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(reach(&format!("localhost:{port}"), false).await.is_ok());
    }
}
