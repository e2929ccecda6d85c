//! Zone transfers over TCP and TLS (RFC 5936 section 4.1, RFC 9103).
//!
//! A server and what to ask for come in; pieces go out as the messages arrive, from one buffer that is used again. One
//! connection is opened for one question and closed behind its answer.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::time::Duration;

use model::limits;
use model::observation::Failure;
use model::zone::{Domain, Kind};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use tokio::time::{Instant, Sleep, sleep_until, timeout, timeout_at};

use super::message::{self, Header};
use super::proof::Tls;
use super::transfer::{Ask, Ended, Incoming, Sink, TransferError};
use crate::Network;

/// A server that may have a zone.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where it is.
    pub socket: SocketAddr,
    /// How it proves who it is; nothing means TCP without TLS.
    pub tls: Option<Tls>,
}

/// Room for a whole message and what is read ahead of the next ones.
const BUFFER: usize = 256 * 1024;
/// How long a server that refuses TCP is given to answer over UDP.
const UDP: Duration = Duration::from_secs(2);

/// The time, in seconds since 1970, which signatures need. It goes on from a moment that was read once.
#[derive(Clone, Copy, Debug)]
pub struct SigningClock {
    begin: Instant,
    at: u64,
}

impl SigningClock {
    /// Goes on from `now`.
    pub fn starting_at(now: jiff::Timestamp) -> Self {
        Self {
            begin: Instant::now(),
            at: u64::try_from(now.as_second()).unwrap_or_default(),
        }
    }

    fn now(&self) -> u64 {
        self.at + self.begin.elapsed().as_secs()
    }
}

impl Network {
    /// Asks `server` and gives what comes to `sink`, piece by piece.
    ///
    /// # Errors
    /// Why the zone is not whole; what was given before it may be used as a part of the zone and as nothing more.
    pub async fn transfer(
        &self,
        server: &Server,
        ask: &Ask,
        clock: &SigningClock,
        sink: &mut Sink<'_>,
    ) -> Result<Ended, TransferError> {
        let deadline = Instant::now() + limits::TRANSFER;
        let permit = self.permit(server.socket.ip()).await;
        let dialled = self.dial(&permit, server.socket.port(), limits::CONNECT).await;
        let connection = match dialled {
            Ok(connection) => connection,
            Err(failure) => return Err(self.without_tcp(server, ask, failure).await),
        };
        let talk = async {
            match &server.tls {
                None => converse(connection, ask, clock, sink).await,
                Some(tls) => {
                    let stream = timeout(limits::ENDPOINT, tls.connect(connection))
                        .await
                        .map_err(|_| TransferError::Tls("no answer in time".to_owned()))?
                        .map_err(TransferError::Tls)?;
                    converse(stream, ask, clock, sink).await
                }
            }
        };
        timeout_at(deadline, talk)
            .await
            .unwrap_or(Err(TransferError::TooSlow))
    }

    /// Tells a server that speaks UDP alone from one that is not there.
    async fn without_tcp(&self, server: &Server, ask: &Ask, failure: Failure) -> TransferError {
        if server.tls.is_none() && answers_over_udp(server.socket, &ask.zone).await == Some(true) {
            TransferError::UdpOnly(failure)
        } else {
            TransferError::Connect(failure)
        }
    }
}

async fn answers_over_udp(server: SocketAddr, zone: &Domain) -> Option<bool> {
    let here: SocketAddr = if server.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(here).await.ok()?;
    socket.connect(server).await.ok()?;
    let id = random_id();
    socket
        .send(&message::question(id, zone.borrowed(), Kind::SOA))
        .await
        .ok()?;
    let mut answer = [0; 512];
    let length = timeout(UDP, socket.recv(&mut answer)).await.ok()?.ok()?;
    let header = Header::read(answer.get(..length)?).ok()?;
    Some(header.id == id && header.is_answer())
}

/// A number that nobody can foresee.
fn random_id() -> u16 {
    let mut octets = [0; 2];
    random_octets(&mut octets);
    u16::from_be_bytes(octets)
}

/// Octets that nobody can foresee.
pub(super) fn random_octets(octets: &mut [u8]) {
    // Without random numbers they stay as they are, and an answer must still come over the connection that was asked on.
    aws_lc_rs::rand::fill(octets).unwrap_or_default();
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ask: &Ask,
    clock: &SigningClock,
    sink: &mut Sink<'_>,
) -> Result<Ended, TransferError> {
    let (question, mut incoming) = Incoming::ask(ask, random_id(), clock.now());
    let broken = |error: &std::io::Error| TransferError::Broken(error.to_string());
    let mut framed = u16::try_from(question.len())
        .unwrap_or(u16::MAX)
        .to_be_bytes()
        .to_vec();
    framed.extend(question);
    timeout(limits::TRANSFER_IDLE, stream.write_all(&framed))
        .await
        .map_err(|_| TransferError::Silent)?
        .map_err(|error| broken(&error))?;
    drop(stream.flush().await);
    let mut buffer = vec![0; BUFFER];
    let (mut begin, mut end) = (0, 0);
    let mut silence = Silence::begin();
    let mut alarm = pin!(sleep_until(silence.deadline()));
    loop {
        while let Some((message, next)) = framed_at(&buffer, begin, end) {
            begin = next;
            if let Some(ended) = incoming.take(message, clock.now(), sink)? {
                return Ok(ended);
            }
        }
        // Room for a whole message behind what is left of the last one.
        buffer.copy_within(begin..end, 0);
        (begin, end) = (0, end - begin);
        let room = buffer.get_mut(end..).unwrap_or_default();
        let read = silence
            .at_most(alarm.as_mut(), stream.read(room))
            .await?
            .map_err(|error| broken(&error))?;
        if read == 0 {
            return Err(TransferError::Closed);
        }
        end += read;
    }
}

/// How long nothing came. One timer serves all messages: it is set again when it goes off too early.
struct Silence {
    last: Instant,
}

impl Silence {
    fn begin() -> Self {
        Self { last: Instant::now() }
    }

    fn deadline(&self) -> Instant {
        self.last + limits::TRANSFER_IDLE
    }

    /// Waits for `read` until the silence is too long.
    async fn at_most<T>(
        &mut self,
        mut alarm: Pin<&mut Sleep>,
        read: impl Future<Output = T>,
    ) -> Result<T, TransferError> {
        let mut read = pin!(read);
        loop {
            tokio::select! {
                biased;
                read = &mut read => {
                    self.last = Instant::now();
                    return Ok(read);
                }
                () = &mut alarm => {
                    if Instant::now() >= self.deadline() {
                        return Err(TransferError::Silent);
                    }
                    alarm.as_mut().reset(self.deadline());
                }
            }
        }
    }
}

/// The whole message at `begin`, and where the next one begins.
fn framed_at(buffer: &[u8], begin: usize, end: usize) -> Option<(&[u8], usize)> {
    let filled = buffer.get(begin..end)?;
    let (length, rest) = filled.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let message = rest.get(..length)?;
    Some((message, begin + 2 + length))
}
