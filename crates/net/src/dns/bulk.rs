//! Addresses of many names over few sockets.
//!
//! Names come in, each once; for each of them its addresses, or why there are none, go out as soon as both questions (A
//! and AAAA) are answered. One socket per resolver, `limits::DNS_IN_FLIGHT` questions on their way at most: a resolver that
//! is asked faster only drops some. What it answers in part (TC) is asked again by the ordinary way, over TCP. Nothing is
//! kept: whoever asks for a name twice is to keep the first answer.
//!
//! A name costs little more than its two datagrams: no task, no timer and no memory of its own, and every socket is emptied
//! before anything is waited for.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use model::observation::Failure;
use model::zone::{Data, Domain, DomainRef, Kind};
use model::{Untrusted, limits};
use tokio::net::UdpSocket;
use tokio::time::{Instant, Sleep, sleep_until};

use super::message::{self, HEADER_OCTETS, Header, Scratch};
use super::stream::random_octets;
use crate::{Families, Network};

/// Takes the answer about one name.
pub type Answers<'a> = dyn FnMut(&Domain, Result<&[IpAddr], &Failure>) + 'a;

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
/// Octets of an answer that is read: what is longer was not asked for, since no question offers more than 512.
const ANSWER_OCTETS: usize = 4096;

impl Network {
    /// Resolves every name of `names`, of which none should come twice.
    pub async fn resolve_all(&self, names: Vec<Domain>, answers: &mut Answers<'_>) -> Asked {
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
            let kinds: &[Kind] = match self.settings.families {
                Families::Both => &[Kind::A, Kind::AAAA],
                Families::V4 => &[Kind::A],
                Families::V6 => &[Kind::AAAA],
            };
            let mut run = Run::new(rest, kinds, sockets);
            rest = run.all(answers).await;
            asked.questions += run.questions;
        }
        // Localhost, the hosts file, answers in part: few, and known to the ordinary resolver.
        for name in rest {
            let Ok(host) = name.borrowed().host() else {
                answers(&name, Err(&Failure::NameUnknown));
                continue;
            };
            let resolution = self.resolve(&host).await;
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
#[derive(Clone, Copy)]
struct Flying {
    /// The place in [`Run::open`].
    slot: usize,
    kind: Kind,
    tries: u8,
    /// Which of all questions it is: numbers come again, this does not.
    turn: u64,
}

/// What is known of one name so far. It is used again for another name, memory included.
struct Open {
    /// The place in the list of names.
    place: usize,
    left: usize,
    /// The question, whose number and type are put in when it is sent.
    question: Vec<u8>,
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
    names: Vec<Domain>,
    next: usize,
    sockets: Vec<UdpSocket>,
    /// By number.
    flying: HashMap<u16, Flying>,
    /// In the order in which they were sent.
    deadlines: VecDeque<(Instant, u16, u64)>,
    open: Vec<Open>,
    /// Places in `open` that are free.
    free: Vec<usize>,
    questions: u64,
    /// Sockets behind which nobody listens, by number.
    unheard: Vec<usize>,
    numbers: Numbers,
    scratch: Scratch,
    /// Names that are to be asked for by the ordinary way.
    again: Vec<Domain>,
}

/// What one answer says, beside the addresses in it.
enum Said {
    Addresses,
    Nothing(Failure),
    /// Another resolver may say more.
    Failed(Failure),
    Truncated,
}

impl Run {
    fn new(names: Vec<Domain>, kinds: &'static [Kind], sockets: Vec<UdpSocket>) -> Self {
        Self {
            kinds,
            names,
            next: 0,
            sockets,
            flying: HashMap::with_capacity(limits::DNS_IN_FLIGHT),
            deadlines: VecDeque::with_capacity(limits::DNS_IN_FLIGHT),
            open: Vec::new(),
            free: Vec::new(),
            questions: 0,
            unheard: Vec::new(),
            numbers: Numbers::default(),
            scratch: Scratch::default(),
            again: Vec::new(),
        }
    }

    /// Asks for everything; gives back the names that are to be asked for by the ordinary way.
    async fn all(&mut self, answers: &mut Answers<'_>) -> Vec<Domain> {
        let mut buffer = [0; ANSWER_OCTETS];
        let mut alarm = pin!(sleep_until(Instant::now() + ONE_ANSWER));
        loop {
            self.fill().await;
            // Each turn takes one of the tries of every question concerned, so this ends.
            while let Some(socket) = self.unheard.pop() {
                self.refused(socket, answers).await;
            }
            if self.flying.is_empty() && self.next >= self.names.len() {
                return std::mem::take(&mut self.again);
            }
            match wait(&self.sockets, alarm.as_mut()).await {
                Woken::Readable => self.empty_sockets(&mut buffer, answers).await,
                Woken::Late => {
                    self.late(answers).await;
                    let next = self.deadlines.front().map(|(deadline, ..)| *deadline);
                    alarm
                        .as_mut()
                        .reset(next.unwrap_or_else(|| Instant::now() + ONE_ANSWER));
                }
            }
        }
    }

    async fn fill(&mut self) {
        while self.flying.len() + self.kinds.len() <= limits::DNS_IN_FLIGHT
            && let Some(name) = self.names.get(self.next)
        {
            let place = self.next;
            self.next += 1;
            // RFC 6761 section 6.3: never asked of a resolver.
            if is_localhost(name.borrowed()) {
                self.again.push(name.clone());
                continue;
            }
            let slot = self.begin(place);
            let now = Instant::now();
            for kind in self.kinds {
                self.send(slot, *kind, 0, now).await;
            }
        }
    }

    /// Prepares the questions about a name.
    fn begin(&mut self, place: usize) -> usize {
        let slot = self.free.pop().unwrap_or(self.open.len());
        if slot == self.open.len() {
            self.open.push(Open {
                place,
                left: 0,
                question: Vec::new(),
                addresses: Vec::new(),
                failure: None,
                again: Again::No,
            });
        }
        if let (Some(open), Some(name)) = (self.open.get_mut(slot), self.names.get(place)) {
            open.place = place;
            open.left = self.kinds.len();
            open.addresses.clear();
            open.failure = None;
            open.again = Again::No;
            open.question.clear();
            message::push_question(0, name.borrowed(), Kind::A, &mut open.question);
            // Recursion desired.
            if let Some(flags) = open.question.get_mut(2) {
                *flags = 1;
            }
        }
        slot
    }

    async fn send(&mut self, slot: usize, kind: Kind, tries: u8, now: Instant) {
        let Some(open) = self.open.get_mut(slot) else {
            return;
        };
        let mut id = self.numbers.next();
        while self.flying.contains_key(&id) {
            id = id.wrapping_add(1);
        }
        message::set_id_and_kind(&mut open.question, id, kind);
        let turn = usize::from(tries) % self.sockets.len().max(1);
        if let Some(socket) = self.sockets.get(turn) {
            // What cannot be sent is as lost as what does not arrive: its time runs out. A refusal is the answer of the
            // machine there to an earlier question.
            if let Err(error) = socket.send(&open.question).await
                && error.kind() == std::io::ErrorKind::ConnectionRefused
            {
                self.unheard.push(turn);
            }
        }
        self.questions += 1;
        let turn = self.questions;
        let flying = Flying {
            slot,
            kind,
            tries,
            turn,
        };
        self.flying.insert(id, flying);
        self.deadlines.push_back((now + ONE_ANSWER, id, turn));
    }

    /// Takes what has arrived, from every socket until nothing is left in it; as many answers at most as questions are on
    /// their way, so that nobody who floods a socket holds up the questions.
    async fn empty_sockets(&mut self, buffer: &mut [u8; ANSWER_OCTETS], answers: &mut Answers<'_>) {
        for socket in 0..self.sockets.len() {
            for _ in 0..limits::DNS_IN_FLIGHT {
                let Some(received) = self.sockets.get(socket).map(|socket| socket.try_recv(buffer)) else {
                    return;
                };
                match received {
                    Ok(length) => {
                        let message = buffer.get(..length).unwrap_or_default();
                        self.take(message, answers).await;
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                        self.refused(socket, answers).await;
                        break;
                    }
                    // Nothing there.
                    Err(_) => break,
                }
            }
        }
    }

    async fn take(&mut self, message: &[u8], answers: &mut Answers<'_>) {
        let Ok(header) = Header::read(message) else { return };
        let Some(flying) = self.flying.get(&header.id).copied() else {
            return;
        };
        let Some(open) = self.open.get_mut(flying.slot) else {
            return;
        };
        let Some(name) = self.names.get(open.place) else {
            return;
        };
        let name = name.borrowed();
        let ours = header.is_answer()
            && header.questions == 1
            && message::repeats_question(message, &header, name, flying.kind) == Ok(true);
        // Somebody guesses numbers: the true answer is still to come.
        if !ours {
            return;
        }
        self.flying.remove(&header.id);
        let answer = Answer {
            message,
            header: &header,
            kind: flying.kind,
        };
        let said = answer.read(name, &mut self.scratch, &mut open.addresses);
        if matches!(said, Said::Failed(_)) && flying.tries + 1 < TRIES {
            return self
                .send(flying.slot, flying.kind, flying.tries + 1, Instant::now())
                .await;
        }
        self.note(flying.slot, said, answers);
    }

    /// Nobody listens where these questions went, so nobody waits for answers.
    async fn refused(&mut self, socket: usize, answers: &mut Answers<'_>) {
        let of_socket = |flying: &Flying| usize::from(flying.tries) % self.sockets.len().max(1) == socket;
        let mut lost: Vec<(u16, Flying)> = self.flying.iter().map(|(id, flying)| (*id, *flying)).collect();
        lost.retain(|(_, flying)| of_socket(flying));
        lost.sort_unstable_by_key(|(_, flying)| flying.turn);
        let now = Instant::now();
        for (id, flying) in lost {
            self.flying.remove(&id);
            if flying.tries + 1 < TRIES && self.sockets.len() > 1 {
                self.send(flying.slot, flying.kind, flying.tries + 1, now).await;
            } else {
                let reason = Untrusted::new("nothing listens where the resolver should be");
                self.note(
                    flying.slot,
                    Said::Failed(Failure::ResolverFailed { reason }),
                    answers,
                );
            }
        }
    }

    async fn late(&mut self, answers: &mut Answers<'_>) {
        let now = Instant::now();
        while let Some((deadline, id, turn)) = self.deadlines.front().copied() {
            let waiting = self.flying.get(&id).copied().filter(|flying| flying.turn == turn);
            if waiting.is_some() && deadline > now {
                break;
            }
            self.deadlines.pop_front();
            let Some(flying) = waiting else { continue };
            self.flying.remove(&id);
            if flying.tries + 1 < TRIES {
                self.send(flying.slot, flying.kind, flying.tries + 1, now).await;
            } else {
                self.note(flying.slot, Said::Failed(Failure::TimedOut), answers);
            }
        }
    }

    fn note(&mut self, slot: usize, said: Said, answers: &mut Answers<'_>) {
        let Some(open) = self.open.get_mut(slot) else {
            return;
        };
        open.left = open.left.saturating_sub(1);
        match said {
            Said::Addresses => {}
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
        self.free.push(slot);
        let Some(name) = self.names.get(open.place) else {
            return;
        };
        if open.again == Again::Yes {
            self.again.push(name.clone());
            return;
        }
        open.addresses.sort_unstable();
        open.addresses.dedup();
        // One more says that there are more.
        open.addresses.truncate(limits::ADDRESSES_PER_NAME + 1);
        if open.addresses.is_empty() {
            answers(name, Err(open.failure.as_ref().unwrap_or(&Failure::NoAddress)));
        } else {
            answers(name, Ok(&open.addresses));
        }
    }
}

fn is_localhost(name: DomainRef<'_>) -> bool {
    let mut last = None;
    name.labels().for_each(|label| last = Some(label));
    last == Some(b"localhost")
}

/// Random numbers, drawn many at a time: one by one each of them would cost as much as a datagram.
struct Numbers {
    drawn: [u8; 512],
    used: usize,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            drawn: [0; 512],
            used: 512,
        }
    }
}

impl Numbers {
    fn next(&mut self) -> u16 {
        if self.used >= self.drawn.len() {
            random_octets(&mut self.drawn);
            self.used = 0;
        }
        let octets = self
            .drawn
            .get(self.used..)
            .and_then(|rest| rest.first_chunk::<2>());
        self.used += 2;
        octets.map_or(0, |octets| u16::from_be_bytes(*octets))
    }
}

/// Why a wait ended.
enum Woken {
    /// Something may have arrived.
    Readable,
    /// The alarm went.
    Late,
}

async fn wait(sockets: &[UdpSocket], mut alarm: Pin<&mut Sleep>) -> Woken {
    std::future::poll_fn(|context| {
        let ready = sockets
            .iter()
            .any(|socket| socket.poll_recv_ready(context).is_ready());
        if ready {
            return Poll::Ready(Woken::Readable);
        }
        alarm.as_mut().poll(context).map(|()| Woken::Late)
    })
    .await
}

/// An answer to one of our questions.
#[derive(Clone, Copy)]
struct Answer<'m> {
    message: &'m [u8],
    header: &'m Header,
    kind: Kind,
}

impl Answer<'_> {
    /// Appends the addresses in it to `found`.
    fn read(self, asked: DomainRef<'_>, scratch: &mut Scratch, found: &mut Vec<IpAddr>) -> Said {
        match self.header.code() {
            0 => {}
            3 => return Said::Nothing(Failure::NameUnknown),
            code => {
                return Said::Failed(Failure::ResolverFailed {
                    reason: Untrusted::new(format!("the resolver answered with code {code}")),
                });
            }
        }
        if self.header.is_truncated() {
            return Said::Truncated;
        }
        let before = found.len();
        match self.addresses(asked, scratch, found) {
            Some(()) if found.len() == before => Said::Nothing(Failure::NoAddress),
            Some(()) => Said::Addresses,
            None => {
                found.truncate(before);
                Said::Failed(Failure::ResolverFailed {
                    reason: Untrusted::new("the resolver's answer cannot be read"),
                })
            }
        }
    }

    /// The addresses at the end of the chain that begins with the name asked for. Records of other names are passed over.
    fn addresses(self, asked: DomainRef<'_>, scratch: &mut Scratch, found: &mut Vec<IpAddr>) -> Option<()> {
        let begin = message::answers_at(self.message, self.header)
            .ok()
            .filter(|at| *at >= HEADER_OCTETS)?;
        let before = found.len();
        let mut renamed: Option<Domain> = None;
        for _ in 0..RENAMED {
            let mut place = begin;
            let mut target = None;
            scratch.forget();
            for _ in 0..self.header.answers {
                let (end, _, record) = message::read_record(self.message, place, scratch).ok()?;
                place = end;
                if record.owner != renamed.as_ref().map_or(asked, Domain::borrowed) {
                    continue;
                }
                match record.data() {
                    Data::Address(address)
                        if record.kind == self.kind && found.len() - before <= limits::ADDRESSES_PER_NAME =>
                    {
                        found.push(address);
                    }
                    Data::Cname(name) => target = Some(name.to_owned()),
                    _ => {}
                }
            }
            if found.len() > before || target.is_none() {
                break;
            }
            renamed = target;
        }
        Some(())
    }
}
