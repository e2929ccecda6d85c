//! Ports, workers and counters. In: a [`Farm`]. Out: listening ports, each with the number of connections it accepted.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::net::{TcpListener, TcpSocket};

use crate::behaviour::{Behaviour, Farm};

/// As many half-open connections as Linux keeps by default.
const BACKLOG: u32 = 4096;

/// One port of the running farm.
pub struct Port {
    /// What answers.
    pub behaviour: Behaviour,
    /// Its number.
    pub number: u16,
    /// Connections accepted so far, by all workers.
    pub accepted: Arc<AtomicU64>,
}

/// Opens every port and starts `workers` threads, each with a runtime and listeners of its own. The threads never end: the process does.
pub fn start(farm: &Arc<Farm>, workers: usize, first_port: u16) -> Result<Vec<Port>> {
    let runtimes = (0..workers.max(1))
        .map(|_| tokio::runtime::Builder::new_current_thread().enable_all().build())
        .collect::<std::io::Result<Vec<_>>>()
        .context("no runtime")?;
    let mut ports = Vec::new();
    for (offset, behaviour) in (0..).zip(Behaviour::all()) {
        let wanted = if first_port == 0 {
            0
        } else {
            first_port.checked_add(offset).context("too high a port")?
        };
        let accepted = Arc::new(AtomicU64::new(0));
        let mut number = wanted;
        for runtime in &runtimes {
            let _entered = runtime.enter();
            let listener = listen(number)?;
            number = listener.local_addr()?.port();
            runtime.spawn(accept(
                Arc::clone(farm),
                behaviour,
                listener,
                Arc::clone(&accepted),
            ));
        }
        ports.push(Port {
            behaviour,
            number,
            accepted,
        });
    }
    for runtime in runtimes {
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    }
    Ok(ports)
}

/// A port that answers no SYN: a queue of one, filled by ourselves and never emptied. Keep what is returned.
pub fn hole() -> Result<(u16, Vec<std::net::TcpStream>, TcpListener)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let _entered = runtime.enter();
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
    let listener = socket.listen(0)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.local_addr()?.port()));
    let patience = std::time::Duration::from_millis(300);
    let mut fillers = Vec::new();
    while let Ok(filler) = std::net::TcpStream::connect_timeout(&address, patience) {
        fillers.push(filler);
        ensure!(fillers.len() < 64, "the queue of a port cannot be filled here");
    }
    Ok((address.port(), fillers, listener))
}

/// Configurations for TLS 1.2 and 1.3, 1.2 alone, 1.3 alone. No tickets (nobody resumes) and no hybrid groups: clients that would
/// offer one are spared its price.
pub fn configs() -> Result<[ServerConfig; 3]> {
    let mut provider = default_provider();
    provider.kx_groups = vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    let provider = Arc::new(provider);
    let config = |versions: &[&'static SupportedProtocolVersion]| -> Result<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(rustls::server::ResolvesServerCertUsingSni::new()));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    };
    Ok([config(&[&TLS12, &TLS13])?, config(&[&TLS12])?, config(&[&TLS13])?])
}

/// A listener on every loopback address. Bound to the loopback device, so that nothing outside the machine ever reaches the farm.
fn listen(port: u16) -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket
        .bind_device(Some(b"lo"))
        .context("cannot bind to the loopback device")?;
    socket
        .bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
        .with_context(|| format!("port {port} is taken"))?;
    Ok(socket.listen(BACKLOG)?)
}

async fn accept(farm: Arc<Farm>, behaviour: Behaviour, listener: TcpListener, accepted: Arc<AtomicU64>) {
    loop {
        // Out of descriptors is the one error expected here; the farm goes on when some are free again.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        accepted.fetch_add(1, Ordering::Relaxed);
        let Ok(SocketAddr::V4(local)) = stream.local_addr() else {
            continue;
        };
        let farm = Arc::clone(&farm);
        tokio::spawn(async move { farm.answer(behaviour, stream, *local.ip()).await });
    }
}
