//! Who plays: every server of the world, what it serves, and which finding it is there for.
//!
//! A moment comes in, running servers and the orders of the account go out.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{CertificateParams, CustomExtension, ExtendedKeyUsagePurpose};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use crate::account::{Account, Order};
use crate::mint::{Days, Mint, Minted};
use crate::server::{Manner, Served, serve, tls};
use crate::{Endpoint, World};

/// What is found in the world: rules by which endpoints are judged.
pub const FINDINGS: &[&str] = &[
    "expired",
    "expiring",
    "not-yet-valid",
    "name-mismatch",
    "missing-san",
    "wildcard-misuse",
    "self-signed",
    "untrusted",
    "chain-incomplete",
    "intermediate-expired",
    "chain-order",
    "chain-superfluous",
    "anchor-sent",
    "no-server-auth",
    "must-staple-missing",
    "key-not-proven",
    "not-tls",
    "unreachable",
    "closed",
];

/// Names of what is in order.
const GOOD: [&str; 20] = [
    "www", "api", "login", "accounts", "billing", "docs", "status", "search", "images", "static", "git",
    "ci", "wiki", "chat", "metrics", "logs", "vault", "registry", "backup", "intranet",
];

/// Days of what is in order.
const FINE: Days = (-20, 70);

/// The world while it is being raised.
pub(crate) struct Stage {
    mint: Mint,
    root: Minted,
    issuing: Minted,
    /// An authority that nobody trusts.
    stranger: Minted,
    endpoints: Vec<Endpoint>,
    orders: Vec<Order>,
    tasks: JoinSet<()>,
    held: Vec<TcpSocket>,
    /// Addresses handed out.
    used: u16,
}

fn full(name: &str) -> String {
    format!("{name}.test")
}

impl Stage {
    /// An empty one.
    pub(crate) fn new(now: SystemTime) -> io::Result<Self> {
        let mint = Mint::new(now);
        let root = mint.make(mint.authority("Demo Root", (-700, 2_900)), None)?;
        let issuing = mint.make(mint.authority("Demo Issuing CA", (-300, 700)), Some(&root))?;
        let stranger = mint.make(mint.authority("Somebody Else's Root", (-700, 2_900)), None)?;
        Ok(Self {
            mint,
            root,
            issuing,
            stranger,
            endpoints: Vec::new(),
            orders: Vec::new(),
            tasks: JoinSet::new(),
            held: Vec::new(),
            // Worlds of several processes keep out of each other's way.
            used: u16::from(u8::try_from(std::process::id() % 250).unwrap_or_default()) << 8,
        })
    }

    fn address(&mut self) -> Ipv4Addr {
        self.used += 1;
        let [high, low] = self.used.to_be_bytes();
        Ipv4Addr::new(127, 77, high, low)
    }

    async fn stand(&mut self, name: &str, manner: Manner) -> io::Result<SocketAddr> {
        self.stand_at(name, 0, manner).await
    }

    /// Puts a server on the stage, at a port that is given or at any.
    async fn stand_at(&mut self, name: &str, port: u16, manner: Manner) -> io::Result<SocketAddr> {
        let starttls = match manner {
            Manner::Smtp(_) => "smtp",
            _ => "none",
        };
        let address = self.address();
        let address = serve(address, port, manner, &mut self.tasks).await?;
        self.endpoints.push(Endpoint {
            name: full(name),
            address,
            starttls,
        });
        Ok(address)
    }

    /// Puts one on the stage that serves this chain, with the key of its first certificate.
    async fn serves(&mut self, name: &str, chain: &[&Minted]) -> io::Result<()> {
        let Some(leaf) = chain.first() else { return Ok(()) };
        let served = Served {
            chain: chain.to_vec(),
            key: leaf,
        };
        let config = tls(&[served], false)?;
        self.stand(name, Manner::Tls(config)).await.map(drop)
    }

    /// A certificate of the authority of the house for these names.
    fn leaf(&self, names: &[&str], days: Days) -> io::Result<Minted> {
        self.leaf_with(names, days, |_| {})
    }

    fn leaf_with(
        &self,
        names: &[&str],
        days: Days,
        edit: impl FnOnce(&mut CertificateParams),
    ) -> io::Result<Minted> {
        let names: Vec<String> = names.iter().map(|name| full(name)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut params = self.mint.server(&names, days)?;
        edit(&mut params);
        self.mint.make(params, Some(&self.issuing))
    }

    /// Notes an order for a certificate.
    fn order(&mut self, names: &[&str], certificate: &Minted) -> Option<&mut Order> {
        self.orders.push(Order {
            status: "issued",
            renewed: false,
            names: names.iter().map(|name| full(name)).collect(),
            certificate: certificate.clone(),
            duplicate: None,
        });
        self.orders.last_mut()
    }

    /// Twenty that are in order, one of them by TLS 1.2 alone, and mail by STARTTLS.
    pub(crate) async fn good(&mut self) -> io::Result<()> {
        let issuing = self.issuing.clone();
        for name in GOOD {
            let leaf = self.leaf(&[name], FINE)?;
            self.order(&[name], &leaf);
            let served = Served {
                chain: vec![&leaf, &issuing],
                key: &leaf,
            };
            let config = tls(&[served], name == "intranet")?;
            self.stand(name, Manner::Tls(config)).await?;
        }
        let leaf = self.leaf(&["mail"], FINE)?;
        self.order(&["mail"], &leaf);
        let served = Served {
            chain: vec![&leaf, &issuing],
            key: &leaf,
        };
        let config = tls(&[served], false)?;
        self.stand("mail", Manner::Smtp(config)).await.map(drop)
    }

    /// Those whose days are over, or nearly, or not yet begun.
    pub(crate) async fn dated(&mut self) -> io::Result<()> {
        let issuing = self.issuing.clone();
        let days = [
            ("expired", (-93, -3)),
            ("expiring", (-79, 11)),
            ("tomorrow", (-87, 2)),
            ("early", (5, 95)),
        ];
        for (name, days) in days {
            let leaf = self.leaf(&[name], days)?;
            self.order(&[name], &leaf);
            self.serves(name, &[&leaf, &issuing]).await?;
        }
        let dead = self.mint.authority("Demo Issuing CA 2019", (-700, -10));
        let dead = self.mint.make(dead, Some(&self.root))?;
        let params = self.mint.server(&[&full("dead-issuer")], FINE)?;
        let leaf = self.mint.make(params, Some(&dead))?;
        self.serves("dead-issuer", &[&leaf, &dead]).await
    }

    /// Those whose names do not fit, and those of a wildcard.
    pub(crate) async fn named(&mut self) -> io::Result<()> {
        let issuing = self.issuing.clone();
        let other = self.leaf(&["printer"], FINE)?;
        self.order(&["printer"], &other);
        self.serves("wrong-name", &[&other, &issuing]).await?;
        let nameless = self.leaf_with(&["nameless"], FINE, |params| params.subject_alt_names.clear())?;
        self.serves("nameless", &[&nameless, &issuing]).await?;
        let partial = self.leaf(&["w*.part", "web.part"], FINE)?;
        self.serves("web.part", &[&partial, &issuing]).await?;
        let wildcard = self.leaf(&["*.apps"], FINE)?;
        self.order(&["*.apps"], &wildcard);
        for name in ["red.apps", "green.apps", "blue.apps"] {
            self.serves(name, &[&wildcard, &issuing]).await?;
        }
        Ok(())
    }

    /// Those whose chain is not what it should be.
    pub(crate) async fn chained(&mut self) -> io::Result<()> {
        let (root, issuing, stranger) = (self.root.clone(), self.issuing.clone(), self.stranger.clone());
        let own = self.mint.server(&[&full("self-signed")], FINE)?;
        let own = self.mint.make(own, None)?;
        self.serves("self-signed", &[&own]).await?;
        let foreign = self.mint.server(&[&full("unknown-root")], FINE)?;
        let foreign = self.mint.make(foreign, Some(&stranger))?;
        self.serves("unknown-root", &[&foreign, &stranger]).await?;
        let second = self.mint.authority("Demo Issuing CA 2", (-300, 700));
        let second = self.mint.make(second, Some(&root))?;
        let third = self.mint.authority("Demo Issuing CA 3", (-200, 600));
        let third = self.mint.make(third, Some(&second))?;
        let below = self.mint.server(&[&full("incomplete")], FINE)?;
        let below = self.mint.make(below, Some(&second))?;
        self.serves("incomplete", &[&below]).await?;
        let deep = self.mint.server(&[&full("disorder")], FINE)?;
        let deep = self.mint.make(deep, Some(&third))?;
        self.serves("disorder", &[&deep, &second, &third]).await?;
        for (name, last) in [("superfluous", &stranger), ("anchor", &root)] {
            let leaf = self.leaf(&[name], FINE)?;
            self.order(&[name], &leaf);
            self.serves(name, &[&leaf, &issuing, last]).await?;
        }
        Ok(())
    }

    /// Those that are odd in themselves: what they are for, whose key they have.
    pub(crate) async fn odd(&mut self) -> io::Result<()> {
        let issuing = self.issuing.clone();
        let client = self.leaf_with(&["for-clients"], FINE, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })?;
        self.serves("for-clients", &[&client, &issuing]).await?;
        // TLS feature (RFC 7633): status_request.
        let staple = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 3, 2, 1, 5]);
        let stapled = self.leaf_with(&["must-staple"], FINE, |params| {
            params.custom_extensions.push(staple)
        })?;
        self.serves("must-staple", &[&stapled, &issuing]).await?;
        let unproven = self.leaf(&["wrong-key"], FINE)?;
        let served = Served {
            chain: vec![&unproven, &issuing],
            key: &issuing,
        };
        let config = tls(&[served], false)?;
        self.stand("wrong-key", Manner::Tls(config)).await?;
        let first = self.leaf(&["twin-one"], FINE)?;
        let params = self.mint.server(&[&full("twin-two")], (-19, 71))?;
        let second = self
            .mint
            .make_with(params, Arc::clone(&first.key), Some(&issuing))?;
        for (name, twin) in [("twin-one", &first), ("twin-two", &second)] {
            self.order(&[name], twin);
            self.serves(name, &[twin, &issuing]).await?;
        }
        Ok(())
    }

    /// Those at which a look comes to no certificate.
    pub(crate) async fn stopped(&mut self) -> io::Result<()> {
        self.stand("plain-http", Manner::Http).await?;
        self.stand("silent", Manner::Silent).await?;
        // Bound and not listening: nobody else gets the port, and it refuses.
        let socket = TcpSocket::new_v4()?;
        let address = self.address();
        socket.bind((address, 0).into())?;
        self.endpoints.push(Endpoint {
            name: full("refused"),
            address: socket.local_addr()?,
            starttls: "none",
        });
        self.held.push(socket);
        Ok(())
    }

    /// What only the account and the servers together tell: renewed and not served, split, issued and never served.
    pub(crate) async fn renewed(&mut self) -> io::Result<()> {
        let issuing = self.issuing.clone();
        let names = ["shop", "checkout"];
        let (old, new) = (self.leaf(&names, (-60, 30))?, self.leaf(&names, (-10, 80))?);
        if let Some(order) = self.order(&names, &old) {
            order.renewed = true;
        }
        self.order(&names, &new);
        // Three addresses of one name at one port; the first chooses it.
        let mut port = 0;
        for leaf in [&old, &old, &new] {
            let served = Served {
                chain: vec![leaf, &issuing],
                key: leaf,
            };
            let config = tls(&[served], false)?;
            port = self.stand_at("shop", port, Manner::Tls(config)).await?.port();
        }
        let (one, other) = (self.leaf(&["balanced"], FINE)?, self.leaf(&["balanced"], FINE)?);
        if let Some(order) = self.order(&["balanced"], &one) {
            order.duplicate = Some(other.clone());
        }
        let served = [&one, &other].map(|leaf| Served {
            chain: vec![leaf, &issuing],
            key: leaf,
        });
        let config = tls(&served, false)?;
        self.stand("balanced", Manner::Tls(config)).await?;
        let forgotten = self.leaf(&["forgotten"], FINE)?;
        self.order(&["forgotten"], &forgotten);
        let revoked = self.leaf(&["retired"], FINE)?;
        if let Some(order) = self.order(&["retired"], &revoked) {
            order.status = "revoked";
        }
        Ok(())
    }

    /// Opens the account and gives the world.
    pub(crate) async fn end(mut self) -> io::Result<World> {
        let account = Account {
            issuers: format!("{}{}", self.issuing.pem, self.root.pem),
            orders: std::mem::take(&mut self.orders),
        };
        let address = self.address();
        let account = serve(address, 0, Manner::Account(Arc::new(account)), &mut self.tasks).await?;
        Ok(World {
            endpoints: self.endpoints,
            root_pem: self.root.pem,
            account,
            _tasks: self.tasks,
            _held: self.held,
        })
    }
}
