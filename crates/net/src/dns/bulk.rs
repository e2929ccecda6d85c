//! Addresses of many names over few sockets.
//!
//! Names come in, each once; for each of them its addresses, or why there are none, go out as soon as both questions (A
//! and AAAA) are answered. One socket per resolver, `limits::DNS_IN_FLIGHT` questions on their way at most: a resolver that
//! is asked faster only drops some. What it answers in part (TC) is asked again by the ordinary way, over TCP. Nothing is
//! kept: whoever asks for a name twice is to keep the first answer.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use model::observation::Failure;
use model::zone::{Data, Domain, DomainRef, Kind};
use model::{Name, Untrusted, limits};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

use super::message::{self, HEADER_OCTETS, Header, Scratch};
use super::stream::random_id;
use crate::{Families, Network};

/// Takes the answer about one name.
pub type Answers<'a> = dyn FnMut(&Name, Result<&[IpAddr], &Failure>) + 'a;

/// What was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Names.
    pub names: u64,
    /// Questions sent, repeated ones included.
    pub questions: u64,
}

/// How long one answer may take: two of these fit into `limits::RESOLVE`.
const ONE_ANSWER: Duration = Duration::from_secs(2);
/// Times a question is sent at most, each time to the next resolver.
const TRIES: u8 = 2;
/// CNAME records followed in one answer.
const RENAMED: usize = 16;
/// Resolvers that are asked in turn.
const RESOLVERS: usize = 4;

impl Network {
    /// Resolves every name of `names`, of which none should come twice.
    pub async fn resolve_all(&self, names: Vec<Name>, answers: &mut Answers<'_>) -> Asked {
        let mut asked = Asked {
            names: u64::try_from(names.len()).unwrap_or(u64::MAX),
            questions: 0,
        };
        let mut sockets = Vec::new();
        for resolver in self.resolvers().into_iter().take(RESOLVERS) {
            if let Ok(socket) = connected(resolver).await {
                sockets.push(socket);
            }
        }
        let mut rest = names;
        if !sockets.is_empty() {
            let mut run = Run {
                kinds: match self.settings.families {
                    Families::Both => &[Kind::A, Kind::AAAA],
                    Families::V4 => &[Kind::A],
                    Families::V6 => &[Kind::AAAA],
                },
                names: rest,
                next: 0,
                sockets,
                flying: HashMap::new(),
                deadlines: VecDeque::new(),
                open: HashMap::new(),
                questions: 0,
                scratch: Scratch::default(),
            };
            rest = run.all(answers).await;
            asked.questions += run.questions;
        }
        // Localhost, the hosts file, answers in part: few, and known to the ordinary resolver.
        for name in rest {
            let resolution = self.resolve(&name).await;
            asked.questions += 2;
            match &resolution.addresses {
                Ok(addresses) => answers(&name, Ok(addresses)),
                Err(failure) => answers(&name, Err(failure)),
            }
        }
        asked
    }

    fn resolvers(&self) -> Vec<SocketAddr> {
        if !self.settings.resolvers.is_empty() {
            return self.settings.resolvers.clone();
        }
        let Ok((config, _)) = hickory_resolver::system_conf::read_system_conf() else {
            return Vec::new();
        };
        let servers = config.name_servers().iter();
        servers.map(|server| SocketAddr::new(server.ip, 53)).collect()
    }
}

async fn connected(resolver: SocketAddr) -> std::io::Result<UdpSocket> {
    let here: SocketAddr = if resolver.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(here).await?;
    socket.connect(resolver).await?;
    Ok(socket)
}

/// One question on its way.
struct Flying {
    place: usize,
    kind: Kind,
    tries: u8,
}

/// What is known of one name so far.
struct Open {
    left: usize,
    addresses: Vec<IpAddr>,
    failure: Option<Failure>,
    again: Again,
}

/// Whether a name is to be asked for by the ordinary way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    Yes,
    No,
}

struct Run {
    kinds: &'static [Kind],
    names: Vec<Name>,
    next: usize,
    sockets: Vec<UdpSocket>,
    /// By number.
    flying: HashMap<u16, Flying>,
    /// In the order in which they were sent.
    deadlines: VecDeque<(Instant, u16, usize, Kind)>,
    open: HashMap<usize, Open>,
    questions: u64,
    scratch: Scratch,
}

/// What one answer says.
enum Said {
    Addresses(Vec<IpAddr>),
    Nothing(Failure),
    /// Another resolver may say more.
    Failed(Failure),
    Truncated,
}

impl Run {
    /// Asks for everything; gives back the names that are to be asked for by the ordinary way.
    async fn all(&mut self, answers: &mut Answers<'_>) -> Vec<Name> {
        let mut again = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            self.fill(&mut again).await;
            if self.flying.is_empty() {
                return again;
            }
            let deadline = self
                .deadlines
                .front()
                .map_or_else(Instant::now, |(deadline, ..)| *deadline);
            let received = tokio::select! {
                received = receive(&self.sockets, &mut buffer) => received,
                () = sleep_until(deadline) => None,
            };
            match received {
                Some(length) => {
                    let message = buffer.get(..length).unwrap_or_default().to_vec();
                    self.take(&message, &mut again, answers).await;
                }
                None => self.late(&mut again, answers).await,
            }
        }
    }

    async fn fill(&mut self, again: &mut Vec<Name>) {
        while self.flying.len() + self.kinds.len() <= limits::DNS_IN_FLIGHT
            && let Some(name) = self.names.get(self.next)
        {
            let place = self.next;
            self.next += 1;
            // RFC 6761 section 6.3: never asked of a resolver.
            if name.as_str() == "localhost" || name.as_str().ends_with(".localhost") {
                again.push(name.clone());
                continue;
            }
            let open = Open {
                left: self.kinds.len(),
                addresses: Vec::new(),
                failure: None,
                again: Again::No,
            };
            self.open.insert(place, open);
            for kind in self.kinds {
                self.send(place, *kind, 0).await;
            }
        }
    }

    async fn send(&mut self, place: usize, kind: Kind, tries: u8) {
        let Some(domain) = self
            .names
            .get(place)
            .and_then(|name| Domain::parse(name.as_str()).ok())
        else {
            return;
        };
        let mut id = random_id();
        while self.flying.contains_key(&id) {
            id = id.wrapping_add(1);
        }
        let mut question = message::question(id, domain.borrowed(), kind);
        // Recursion desired.
        if let Some(flags) = question.get_mut(2) {
            *flags = 1;
        }
        let turn = usize::from(tries) % self.sockets.len().max(1);
        if let Some(socket) = self.sockets.get(turn) {
            // What cannot be sent is as lost as what does not arrive: its time runs out.
            drop(socket.send(&question).await);
        }
        self.questions += 1;
        self.flying.insert(id, Flying { place, kind, tries });
        self.deadlines
            .push_back((Instant::now() + ONE_ANSWER, id, place, kind));
    }

    async fn take(&mut self, message: &[u8], again: &mut Vec<Name>, answers: &mut Answers<'_>) {
        let Ok(header) = Header::read(message) else { return };
        let Some(flying) = self.flying.get(&header.id) else {
            return;
        };
        let (place, kind, tries) = (flying.place, flying.kind, flying.tries);
        let Some(domain) = self
            .names
            .get(place)
            .and_then(|name| Domain::parse(name.as_str()).ok())
        else {
            return;
        };
        let ours = header.is_answer()
            && header.questions == 1
            && message::repeats_question(message, &header, domain.borrowed(), kind) == Ok(true);
        // Somebody guesses numbers: the true answer is still to come.
        if !ours {
            return;
        }
        self.flying.remove(&header.id);
        let said = read(message, &header, domain.borrowed(), kind, &mut self.scratch);
        if matches!(said, Said::Failed(_)) && tries + 1 < TRIES {
            return self.send(place, kind, tries + 1).await;
        }
        self.note(place, said, again, answers);
    }

    async fn late(&mut self, again: &mut Vec<Name>, answers: &mut Answers<'_>) {
        let now = Instant::now();
        while let Some((deadline, id, place, kind)) = self.deadlines.front().copied() {
            let waiting = self
                .flying
                .get(&id)
                .filter(|flying| flying.place == place && flying.kind == kind)
                .map(|flying| flying.tries);
            if waiting.is_some() && deadline > now {
                break;
            }
            self.deadlines.pop_front();
            let Some(tries) = waiting else { continue };
            self.flying.remove(&id);
            if tries + 1 < TRIES {
                self.send(place, kind, tries + 1).await;
            } else {
                self.note(place, Said::Failed(Failure::TimedOut), again, answers);
            }
        }
    }

    fn note(&mut self, place: usize, said: Said, again: &mut Vec<Name>, answers: &mut Answers<'_>) {
        let Some(open) = self.open.get_mut(&place) else {
            return;
        };
        open.left = open.left.saturating_sub(1);
        match said {
            Said::Addresses(addresses) => open.addresses.extend(addresses),
            Said::Nothing(failure) => {
                // "It does not exist" and "no answer" tell more than "not of this family".
                if open.failure.is_none() || failure == Failure::NameUnknown {
                    open.failure = Some(failure);
                }
            }
            Said::Failed(failure) => {
                if open.failure != Some(Failure::NameUnknown) {
                    open.failure = Some(failure);
                }
            }
            Said::Truncated => open.again = Again::Yes,
        }
        if open.left > 0 {
            return;
        }
        let (Some(mut open), Some(name)) = (self.open.remove(&place), self.names.get(place)) else {
            return;
        };
        if open.again == Again::Yes {
            again.push(name.clone());
            return;
        }
        open.addresses.sort_unstable();
        open.addresses.dedup();
        open.addresses.truncate(limits::ADDRESSES_PER_NAME);
        if open.addresses.is_empty() {
            answers(name, Err(&open.failure.unwrap_or(Failure::NoAddress)));
        } else {
            answers(name, Ok(&open.addresses));
        }
    }
}

/// The next datagram of any socket; nothing when a socket reports an error, as it does when nobody listens there.
async fn receive(sockets: &[UdpSocket], buffer: &mut [u8]) -> Option<usize> {
    if let [socket] = sockets {
        return received(socket.recv(buffer).await).await;
    }
    loop {
        for socket in sockets {
            if let Ok(length) = socket.try_recv(buffer) {
                return Some(length);
            }
        }
        readable(sockets).await;
    }
}

/// An error on a socket (nobody listens there) is not awaited in a hot circle: time runs out instead.
async fn received(outcome: std::io::Result<usize>) -> Option<usize> {
    match outcome {
        Ok(length) => Some(length),
        Err(_) => std::future::pending().await,
    }
}

async fn readable(sockets: &[UdpSocket]) {
    std::future::poll_fn(|context| {
        let ready = sockets
            .iter()
            .any(|socket| socket.poll_recv_ready(context).is_ready());
        if ready {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

fn read(message: &[u8], header: &Header, asked: DomainRef<'_>, kind: Kind, scratch: &mut Scratch) -> Said {
    match header.code() {
        0 => {}
        3 => return Said::Nothing(Failure::NameUnknown),
        code => {
            return Said::Failed(Failure::ResolverFailed {
                reason: Untrusted::new(format!("the resolver answered with code {code}")),
            });
        }
    }
    if header.is_truncated() {
        return Said::Truncated;
    }
    match addresses(message, header, asked, kind, scratch) {
        Some(addresses) if addresses.is_empty() => Said::Nothing(Failure::NoAddress),
        Some(addresses) => Said::Addresses(addresses),
        None => Said::Failed(Failure::ResolverFailed {
            reason: Untrusted::new("the resolver's answer cannot be read"),
        }),
    }
}

/// The addresses at the end of the chain that begins with the name asked for. Records of other names are passed over.
fn addresses(
    message: &[u8],
    header: &Header,
    asked: DomainRef<'_>,
    kind: Kind,
    scratch: &mut Scratch,
) -> Option<Vec<IpAddr>> {
    let begin = message::answers_at(message, header)
        .ok()
        .filter(|at| *at >= HEADER_OCTETS)?;
    let mut at = asked.to_owned();
    let mut found = Vec::new();
    for _ in 0..RENAMED {
        let mut place = begin;
        let mut renamed = None;
        for _ in 0..header.answers {
            let (end, _, record) = message::read_record(message, place, scratch).ok()?;
            place = end;
            if record.owner != at.borrowed() {
                continue;
            }
            match record.data() {
                Data::Address(address) if record.kind == kind && found.len() < limits::ADDRESSES_PER_NAME => {
                    found.push(address);
                }
                Data::Cname(target) => renamed = Some(target.to_owned()),
                _ => {}
            }
        }
        match renamed.filter(|_| found.is_empty()) {
            Some(target) => at = target,
            None => return Some(found),
        }
    }
    Some(found)
}
