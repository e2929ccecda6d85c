//! One look at one endpoint: connections, the ladder of ClientHellos, and the budget of time over all of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use model::certificate::{KeyKind, Shelf};
use model::endpoint::{Endpoint, Service};
use model::observation::{Depth, Elapsed, Failure, Handshake, Hello, Observation, Outcome, Stage};
use model::{StartTls, Untrusted, limits};
use net::{Network, Permit};
use tokio::time::timeout;

use crate::handshake::{Ask, KeyWish, Shown, StandingKey, Stop, alpn_for, shake};
use crate::starttls::{self, Framing};

/// How to look.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How far.
    pub depth: Depth,
    /// Whether to ask for the certificates of other kinds of key too.
    pub keys: KeysShown,
    /// Our name in greetings that want one (EHLO, XMPP `from`).
    pub own_name: String,
    /// Time for one endpoint, all its connections included; waiting for permits is not counted.
    pub budget: Duration,
}

/// Which certificates of a server are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysShown {
    /// The one that it prefers.
    Preferred,
    /// One of each kind of key (RSA, ECDSA) that it has.
    Every,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            depth: Depth::Full,
            keys: KeysShown::Preferred,
            own_name: "nolapse.invalid".to_owned(),
            budget: limits::ENDPOINT,
        }
    }
}

/// The operating system gave no random numbers: nothing can be looked at.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random numbers; nothing can be looked at")]
pub struct Unseeded;

/// Looks at endpoints; one for each worker.
pub struct Prober {
    settings: Settings,
    standing: StandingKey,
    shelf: Arc<Shelf>,
}

impl Prober {
    /// A prober with a key pair of its own for TLS 1.3.
    pub fn new(settings: Settings) -> Result<Self, Unseeded> {
        let standing = StandingKey::generate().ok_or(Unseeded)?;
        Ok(Self {
            settings,
            standing,
            shelf: Arc::default(),
        })
    }

    /// Looks at `endpoint` over `network`, and says when (`at`). Never fails: see [`Observation::outcome`].
    pub async fn observe(&self, endpoint: &Endpoint, network: &Network, at: Timestamp) -> Observation {
        let permit = network.permit(endpoint.address).await;
        let begin = Instant::now();
        let mut look = Look {
            prober: self,
            service: &endpoint.service,
            network,
            permit: &permit,
            left: self.settings.budget,
            connections: 0,
            elapsed: Elapsed::default(),
            early_plaintext: None,
        };
        let (outcome, handshake) = look.climb().await;
        let further_handshakes = match (&outcome, &handshake, self.settings.keys) {
            (Outcome::Handshaken, Some(first), KeysShown::Every) => look.other_key(first).await,
            _ => Vec::new(),
        };
        let Look {
            connections,
            mut elapsed,
            early_plaintext,
            ..
        } = look;
        elapsed.total = begin.elapsed();
        Observation {
            service: Arc::clone(&endpoint.service),
            address: Some(endpoint.address),
            at,
            depth: self.settings.depth,
            outcome,
            early_plaintext,
            handshake,
            further_handshakes,
            connections,
            elapsed,
        }
    }
}

/// The observation of a service whose name led to no address.
pub fn unresolved(
    service: &Arc<Service>,
    failure: Failure,
    depth: Depth,
    at: Timestamp,
    elapsed: Duration,
) -> Observation {
    Observation {
        service: Arc::clone(service),
        address: None,
        at,
        depth,
        outcome: Outcome::Stopped {
            stage: Stage::Resolve,
            failure,
        },
        early_plaintext: None,
        handshake: None,
        further_handshakes: Vec::new(),
        connections: 0,
        elapsed: Elapsed {
            resolve: Some(elapsed),
            total: elapsed,
            ..Elapsed::default()
        },
    }
}

/// A look under way.
struct Look<'a> {
    prober: &'a Prober,
    service: &'a Service,
    network: &'a Network,
    permit: &'a Permit,
    /// What is left of the budget.
    left: Duration,
    connections: u32,
    elapsed: Elapsed,
    early_plaintext: Option<Untrusted>,
}

/// Why one attempt ended before its depth.
struct Ended {
    stage: Stage,
    failure: Failure,
    /// Whether another ClientHello may fare better.
    another: Another,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Another {
    /// It may.
    Hello,
    /// The same, without ALPN.
    WithoutAlpn,
    /// A hello of a newer version may.
    Newer,
    /// None will.
    No,
}

impl Look<'_> {
    /// Tries ClientHellos until one shows a certificate or the server has shown that none will. What is said in the end
    /// is what the first hello met: it is the one that a present-day client would have met.
    async fn climb(&mut self) -> (Outcome, Option<Handshake>) {
        let mut first: Option<Ended> = None;
        let mut hello = self.first_hello();
        let mut alpn = alpn_for(self.service.port, self.service.starttls);
        // Each turn moves on to a hello that was not tried: at most six and one more without ALPN.
        for _ in 0..8 {
            let mut shown = Shown::default();
            let ended = match self.attempt(hello, KeyWish::Any, alpn, &mut shown).await {
                Ok(()) => return (Outcome::Handshaken, shown.handshake),
                Err(ended) => ended,
            };
            if shown.handshake.is_some() {
                return (
                    Outcome::Stopped {
                        stage: ended.stage,
                        failure: ended.failure,
                    },
                    shown.handshake,
                );
            }
            let another = if self.left.is_zero() {
                Another::No
            } else {
                ended.another
            };
            let next = match another {
                Another::WithoutAlpn => Some(hello),
                other => next_hello(hello, other),
            };
            if another == Another::WithoutAlpn {
                alpn = &[];
            }
            first.get_or_insert(ended);
            let Some(next) = next else { break };
            hello = next;
        }
        let (stage, failure) = first.map_or((Stage::Connect, Failure::Closed), |ended| {
            (ended.stage, ended.failure)
        });
        (Outcome::Stopped { stage, failure }, None)
    }

    /// One connection, one ClientHello.
    async fn attempt(
        &mut self,
        hello: Hello,
        key: KeyWish,
        alpn: &[&[u8]],
        shown: &mut Shown,
    ) -> Result<(), Ended> {
        let begin = Instant::now();
        let dialled = self.network.dial(self.permit, self.service.port, self.left).await;
        self.connections += 1;
        let connect = self.spend(begin);
        let mut stream = dialled.map_err(|failure| Ended {
            stage: Stage::Connect,
            failure,
            another: Another::No,
        })?;
        self.elapsed.connect = Some(connect);

        let mut framing = Framing::Plain;
        if self.service.starttls != StartTls::None {
            let begin = Instant::now();
            let exchange = Box::pin(starttls::upgrade(
                &mut stream,
                self.service,
                &self.prober.settings.own_name,
            ));
            let upgraded = timeout(limits::UPGRADE.min(self.left), exchange).await;
            self.elapsed.upgrade = Some(self.spend(begin));
            let upgrade = upgraded
                .unwrap_or(Err(Failure::TimedOut))
                .map_err(|failure| Ended {
                    stage: Stage::Upgrade,
                    failure,
                    another: Another::No,
                })?;
            framing = upgrade.framing;
            if upgrade.early_plaintext.is_some() {
                self.early_plaintext = upgrade.early_plaintext;
            }
        }

        let ask = Ask {
            hello,
            key,
            depth: self.prober.settings.depth,
            server_name: self.service.server_name.as_ref(),
            alpn,
            standing: &self.prober.standing,
            shelf: &self.prober.shelf,
        };
        let begin = Instant::now();
        let left = self.left;
        let shaken = match framing {
            Framing::Plain => timeout(left, shake(&mut stream, &ask, shown)).await,
            Framing::Tds => {
                let mut wrapped = starttls::TdsStream::new(&mut stream);
                timeout(left, Box::pin(shake(&mut wrapped, &ask, shown))).await
            }
        };
        self.elapsed.handshake = Some(self.spend(begin));
        shaken
            .unwrap_or(Err(Stop::TimedOut))
            .map_err(|stop| ended(stop, shown))
    }

    /// Takes the time since `begin` from the budget.
    fn spend(&mut self, begin: Instant) -> Duration {
        let spent = begin.elapsed();
        self.left = self.left.saturating_sub(spent);
        spent
    }

    /// A handshake that shows another leaf because another kind of key was asked for.
    async fn other_key(&mut self, first: &Handshake) -> Vec<Handshake> {
        let Some(leaf) = first.chain.first() else {
            return Vec::new();
        };
        let wish = match leaf.facts().public_key.kind {
            KeyKind::Rsa { .. } => KeyWish::Ecdsa,
            _ => KeyWish::Rsa,
        };
        let elapsed = self.elapsed;
        self.left = self.prober.settings.budget;
        let mut shown = Shown::default();
        let alpn = alpn_for(self.service.port, self.service.starttls);
        // One hello and no ladder: the old hellos cannot ask for a kind of key. A refusal means that there is none.
        drop(self.attempt(self.first_hello(), wish, alpn, &mut shown).await);
        self.elapsed = elapsed;
        let other = shown
            .handshake
            .filter(|other| other.chain.first().is_some_and(|other| other != leaf));
        other.into_iter().collect()
    }

    const fn first_hello(&self) -> Hello {
        match self.prober.settings.depth {
            Depth::Glance => Hello::Tls12,
            Depth::Full => Hello::Modern,
        }
    }
}

/// The hello to try after `hello`.
fn next_hello(hello: Hello, another: Another) -> Option<Hello> {
    match (hello, another) {
        (_, Another::No) => None,
        (Hello::Tls12, _) => Some(Hello::Tls13),
        (Hello::Modern | Hello::Tls13, _) => Some(Hello::Legacy),
        // "Your version is too old" in answer to TLS 1.2: what it wants of TLS 1.3 must be the hybrid share.
        (Hello::Legacy, Another::Newer) => Some(Hello::Hybrid),
        (Hello::Legacy, _) => Some(Hello::Tls10),
        (Hello::Tls10, _) => Some(Hello::Ssl3),
        _ => None,
    }
}

const PROTOCOL_VERSION: u8 = 70;
const UNRECOGNIZED_NAME: u8 = 112;
const NO_APPLICATION_PROTOCOL: u8 = 120;

/// What an end of the handshake means for the look.
fn ended(stop: Stop, shown: &Shown) -> Ended {
    let (failure, another) = match stop {
        Stop::Closed => (Failure::Closed, Another::Hello),
        Stop::Reset => (Failure::Reset, Another::Hello),
        Stop::TimedOut => (Failure::TimedOut, Another::No),
        Stop::Local(reason) => (Failure::Local { reason }, Another::No),
        Stop::Alert(description) => {
            let another = match description {
                UNRECOGNIZED_NAME => Another::No,
                NO_APPLICATION_PROTOCOL => Another::WithoutAlpn,
                PROTOCOL_VERSION => Another::Newer,
                _ => Another::Hello,
            };
            (Failure::Alert { description }, another)
        }
        Stop::NotTls => {
            let looks_like = starttls::looks_like(&shown.beginning);
            (
                Failure::NotTls {
                    saw: Untrusted::from_bytes(&shown.beginning),
                    looks_like,
                },
                Another::No,
            )
        }
        Stop::Malformed(what) => (Failure::Malformed { what }, Another::Hello),
        Stop::TooMuch(what, limit) => (
            Failure::TooMuch {
                what,
                limit: u64::try_from(limit).unwrap_or(u64::MAX),
            },
            Another::No,
        ),
        Stop::Anonymous(cipher) => (Failure::Anonymous { cipher }, Another::No),
    };
    Ended {
        stage: Stage::Handshake,
        failure,
        another,
    }
}
