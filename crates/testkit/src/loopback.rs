//! Addresses and ports on loopback that no other test has.
//!
//! All of 127.0.0.0/8 is this machine. A server that has an address to itself cannot lose its port to a test that runs
//! beside it, which "bind port 0, close, use the number" can.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::TcpSocket;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// An address of 127.0.0.0/8 that this process has not given out before, and that other processes are unlikely to.
///
/// The upper bits come of the process id, 64 addresses for each; 127.0.0.0/16 is never given out.
pub fn address() -> Ipv4Addr {
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    let host = (std::process::id().wrapping_mul(64).wrapping_add(count)) % 0x00fd_0000 + 0x0001_0000;
    Ipv4Addr::from(0x7f00_0000 | host)
}

/// A free port at an address of its own.
pub fn socket() -> SocketAddr {
    port_at(IpAddr::V4(address()))
}

/// A free port at `[::1]`, which is one address for all: another process may take the port before it is used.
pub fn socket_v6() -> SocketAddr {
    port_at(IpAddr::V6(Ipv6Addr::LOCALHOST))
}

/// A free port at `address`, below those that the system gives to outgoing connections: nobody is given it before it is
/// used.
pub fn port_at(address: IpAddr) -> SocketAddr {
    let first = std::process::id().wrapping_mul(97);
    let free = (0..PORTS).find_map(|_| {
        let count = NEXT_PORT.fetch_add(1, Ordering::Relaxed).wrapping_add(first);
        let port = u16::try_from(u32::from(LOWEST_PORT) + count % PORTS).ok()?;
        let socket = SocketAddr::new(address, port);
        is_free(socket).then_some(socket)
    });
    free.expect("loopback has free ports")
}

/// Whether nobody listens at `socket`.
///
/// It is bound and never listened on: a process that is being started elsewhere in this one holds copies of all its sockets
/// until it becomes another program, and a copy of a listening one would keep the port taken for whoever wants it next.
fn is_free(socket: SocketAddr) -> bool {
    let fresh = if socket.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    };
    let bound = fresh.and_then(|fresh| {
        // As every listener of the standard library does.
        fresh.set_reuseaddr(true)?;
        fresh.bind(socket)
    });
    bound.is_ok()
}

static NEXT_PORT: AtomicU32 = AtomicU32::new(0);
const LOWEST_PORT: u16 = 20_000;
/// Up to 32,767: Linux begins at 32,768 (`net.ipv4.ip_local_port_range`).
const PORTS: u32 = 12_768;

/// A port at which nobody listens: a connection is refused.
pub fn refusing() -> SocketAddr {
    socket()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_loopback_and_differ() {
        let all: std::collections::HashSet<_> = (0..200).map(|_| address()).collect();
        assert_eq!(all.len(), 200);
        assert!(all.iter().all(|address| address.is_loopback()));
    }

    #[test]
    fn a_port_is_free_until_somebody_listens() {
        let socket = socket();
        let listener = std::net::TcpListener::bind(socket).unwrap();
        assert!(!is_free(socket));
        // What a process that is being started holds for a moment.
        let copy = listener.try_clone().unwrap();
        drop(listener);
        assert!(!is_free(socket));
        drop(copy);
        assert!(is_free(socket));
    }

    #[test]
    fn ports_are_free_while_processes_are_started() {
        let starting: Vec<_> = (0..2)
            .map(|_| {
                std::thread::spawn(|| {
                    for _ in 0..100 {
                        let done = std::process::Command::new("true").status();
                        assert!(done.unwrap().success());
                    }
                })
            })
            .collect();
        while starting.iter().any(|thread| !thread.is_finished()) {
            let socket = socket();
            std::net::TcpListener::bind(socket).unwrap();
        }
        starting.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
