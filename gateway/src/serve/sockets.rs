//! Listening sockets: which there are, how they are bound, and under which key one is handed to a successor.
//!
//! Each core has a socket of its own for each address (`SO_REUSEPORT`), so that the kernel spreads connections and no
//! core waits for another. One key, `address#core`, names one socket. pingora hands over at most [`HANDED_OVER`] of
//! them; where there would be more, all cores share one socket an address.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};

use socket2::{Domain, Protocol, Socket, Type};

use super::worker::Share;
use super::{Role, Settings};

/// Sockets that fit into one hand-over (pingora-core 0.9.1, `get_fds_from`).
const HANDED_OVER: usize = 32;
/// Connections that the kernel queues for one socket.
const BACKLOG: i32 = 1024;

/// One socket to be: its key and the cores that accept from it.
struct Spot {
    key: String,
    /// Index into the settings' listeners.
    listener: usize,
    cores: std::ops::Range<usize>,
}

/// Sockets that are bound and listen.
pub(super) struct Sockets {
    /// Held until the drain: what is handed over is these descriptors.
    originals: Vec<(String, TcpListener)>,
    /// What each core accepts from.
    pub(super) shares: Vec<Share>,
    /// The address of each listener in the settings, with its real port.
    pub(super) addresses: Vec<SocketAddr>,
}

impl Sockets {
    /// Opens every socket, taking over those for which `inherited` knows a descriptor.
    ///
    /// # Errors
    /// When an address cannot be bound, above all because another process listens there.
    pub(super) fn open(settings: &Settings, inherited: impl Fn(&str) -> Option<RawFd>) -> io::Result<Self> {
        let mut shares: Vec<Share> = (0..settings.workers.max(1)).map(|_| Vec::new()).collect();
        let mut addresses: Vec<_> = settings
            .listeners
            .iter()
            .map(|listener| listener.address)
            .collect();
        let mut originals = Vec::new();
        for spot in spots(settings) {
            let socket = match inherited(&spot.key) {
                Some(descriptor) => take_over(descriptor)?,
                None => bind(&mut addresses[spot.listener], spot.cores.start == 0)?,
            };
            for core in spot.cores {
                shares[core].push((socket.try_clone()?, settings.listeners[spot.listener]));
            }
            originals.push((spot.key, socket));
        }
        Ok(Self {
            originals,
            shares,
            addresses,
        })
    }

    /// Every socket with its key.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = (String, RawFd)> {
        self.originals
            .iter()
            .map(|(key, socket)| (key.clone(), socket.as_raw_fd()))
    }

    /// The sockets themselves; while one is held, connections to it are queued.
    pub(super) fn into_originals(self) -> Vec<TcpListener> {
        self.originals.into_iter().map(|(_key, socket)| socket).collect()
    }
}

/// The keys of all sockets that these settings lead to.
pub(super) fn keys(settings: &Settings) -> Vec<String> {
    spots(settings).into_iter().map(|spot| spot.key).collect()
}

fn spots(settings: &Settings) -> Vec<Spot> {
    let workers = settings.workers.max(1);
    let own: usize = settings
        .listeners
        .iter()
        .map(|listener| sockets_of(listener.role, workers))
        .sum();
    let shared = own > HANDED_OVER;
    let spots = settings
        .listeners
        .iter()
        .enumerate()
        .flat_map(|(index, listener)| {
            let count = if shared {
                1
            } else {
                sockets_of(listener.role, workers)
            };
            (0..count).map(move |core| Spot {
                key: format!("{}#{core}", listener.address),
                listener: index,
                cores: if shared && listener.role == Role::Data {
                    0..workers
                } else {
                    core..core + 1
                },
            })
        });
    spots.collect()
}

fn sockets_of(role: Role, workers: usize) -> usize {
    match role {
        Role::Data => workers,
        Role::Admin => 1,
    }
}

/// Binds `address` and writes back the port that the system chose. With `SO_REUSEPORT` a second process would share
/// the address without a word, so the first socket of an address asks once without it.
fn bind(address: &mut SocketAddr, first: bool) -> io::Result<TcpListener> {
    if first {
        *address = probe(*address).map_err(|error| named(*address, &error))?;
    }
    let socket = stream(*address)?;
    socket.set_reuse_port(true)?;
    socket
        .bind(&(*address).into())
        .map_err(|error| named(*address, &error))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Whether the address is free, and the port if it was left open.
fn probe(address: SocketAddr) -> io::Result<SocketAddr> {
    let socket = stream(address)?;
    socket.bind(&address.into())?;
    let bound = socket.local_addr()?;
    Ok(bound.as_socket().unwrap_or(address))
}

fn stream(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    Ok(socket)
}

fn named(address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
}

#[expect(
    unsafe_code,
    reason = "a descriptor that another process handed over is only a number"
)]
fn take_over(descriptor: RawFd) -> io::Result<TcpListener> {
    // SAFETY: pingora received it over the upgrade socket for this process and gives it to nobody else; each key is
    // asked for once, so it has one owner from here on.
    let socket = unsafe { Socket::from_raw_fd(descriptor) };
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::serve::Listener;

    fn settings(listeners: usize, workers: usize) -> Settings {
        let data = (0..listeners).map(|n| Listener::data(([127, 0, 0, 1], 8000 + n as u16).into()));
        let admin = Listener::admin(([127, 0, 0, 1], 9901).into());
        Settings {
            workers,
            ..Settings::new(data.chain([admin]).collect())
        }
    }

    #[test]
    fn one_key_names_one_socket() {
        assert_eq!(
            keys(&settings(1, 2)),
            ["127.0.0.1:8000#0", "127.0.0.1:8000#1", "127.0.0.1:9901#0"]
        );
    }

    #[test]
    fn beyond_one_hand_over_an_address_has_one_socket() {
        let keys = keys(&settings(4, 16));
        assert_eq!(keys.len(), 5);
        assert!(
            spots(&settings(4, 16))
                .iter()
                .take(4)
                .all(|spot| spot.cores == (0..16))
        );
    }

    #[test]
    fn an_address_in_use_is_refused() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let listener = Listener::data(taken.local_addr().unwrap());
        let error = Sockets::open(&Settings::new(vec![listener]), |_| None)
            .err()
            .unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
