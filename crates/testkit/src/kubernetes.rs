//! A stand-in of the interface of a Kubernetes cluster on loopback, over HTTPS: its TLS secrets, page by page.
//!
//! `GET /api/v1/secrets` and `GET /api/v1/namespaces/NAME/secrets` with `fieldSelector=type=kubernetes.io/tls`, `limit` and
//! `continue`. Whoever asks shows a bearer token or a client certificate. [`Habits`] say how it misbehaves: lists that grow
//! too old, namespaces that are closed, faults.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use rcgen::ExtendedKeyUsagePurpose;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::ca::{Minted, Template, base64};
use crate::loopback;
use crate::web::{Answer, Request, Web};

/// A secret.
#[derive(Clone, Debug)]
pub struct Secret {
    /// Where.
    pub namespace: String,
    /// What it is called.
    pub name: String,
    /// Its `data`: names and texts, encoded when they are sent.
    pub data: Vec<(String, String)>,
}

impl Secret {
    /// A TLS secret with a certificate, its chain, and the key.
    pub fn tls(namespace: &str, name: &str, certificate: &str, key: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            data: vec![
                ("tls.crt".to_owned(), certificate.to_owned()),
                ("tls.key".to_owned(), key.to_owned()),
            ],
        }
    }
}

/// What opens the cluster.
#[derive(Clone, Debug)]
pub enum Opens {
    /// This bearer token.
    Token(String),
    /// A certificate of the cluster's own authority.
    Certificate,
}

/// How the cluster behaves.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// Most secrets of one page; 0 means what is asked for.
    pub page: usize,
    /// How many lists grow too old on their second page.
    pub gone: u32,
    /// Whether the account may not list all namespaces.
    pub no_lists: bool,
    /// A namespace that the account may not see.
    pub closed: Option<String>,
    /// Every so many questions get a 500; 0 means none.
    pub fails_every: u64,
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    web: Web,
    inside: Arc<Inside>,
    authority: Minted,
    client: Minted,
}

#[derive(Debug)]
struct Inside {
    secrets: Vec<Secret>,
    habits: Mutex<Habits>,
    token: Option<String>,
    asked: Mutex<Vec<String>>,
}

impl Cluster {
    /// Serves these secrets.
    pub fn start(secrets: Vec<Secret>, opens: &Opens, habits: Habits) -> Self {
        let authority = Template::authority("kubernetes").self_signed();
        let client = Template::server("reader")
            .usages(&[ExtendedKeyUsagePurpose::ClientAuth])
            .issued_by(&authority);
        let listener = TcpListener::bind((loopback::address(), 0)).expect("a free socket can be listened on");
        let address = listener.local_addr().expect("a bound socket has an address").ip();
        let inside = Arc::new(Inside {
            secrets,
            habits: Mutex::new(habits),
            token: match opens {
                Opens::Token(token) => Some(token.clone()),
                Opens::Certificate => None,
            },
            asked: Mutex::default(),
        });
        let serves = Arc::clone(&inside);
        let config = config(&authority, address, opens);
        let web = Web::start(listener, Some(config), move |request| serves.answer(request));
        Self {
            web,
            inside,
            authority,
            client,
        }
    }

    /// Its address: `https://127.1.2.3:4321`.
    pub fn server(&self) -> String {
        format!("https://{}", self.web.socket())
    }

    /// Where it listens.
    pub const fn socket(&self) -> SocketAddr {
        self.web.socket()
    }

    /// Its authority in PEM.
    pub fn authority(&self) -> String {
        self.authority.pem()
    }

    /// A certificate that opens it, and its key, in PEM.
    pub fn client(&self) -> (String, String) {
        (self.client.pem(), self.client.key_pem())
    }

    /// A kubeconfig with these lines for its user, each indented by 4.
    pub fn kubeconfig(&self, user: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: here\npreferences: {{}}\nclusters:\n- name: mine\n  cluster:\n    \
             server: {}\n    certificate-authority-data: {}\ncontexts:\n- name: here\n  context:\n    cluster: mine\n    user: me\n    \
             namespace: default\nusers:\n- name: me\n  user:\n{user}",
            self.server(),
            base64(self.authority().as_bytes())
        )
    }

    /// Lines of a kubeconfig for a user who shows the certificate that opens it.
    pub fn certified_user(&self) -> String {
        let (certificate, key) = self.client();
        format!(
            "    client-certificate-data: {}\n    client-key-data: {}\n",
            base64(certificate.as_bytes()),
            base64(key.as_bytes())
        )
    }

    /// Every question so far: path and query.
    pub fn asked(&self) -> Vec<String> {
        self.inside.asked.lock().expect("no thread panicked").clone()
    }

    /// Changes its habits.
    pub fn change_habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.inside.habits.lock().expect("no thread panicked"));
    }
}

fn config(authority: &Minted, address: IpAddr, opens: &Opens) -> Arc<ServerConfig> {
    let served = Template::server("kubernetes.default.svc")
        .address(address)
        .issued_by(authority);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the default protocol versions");
    let builder = match opens {
        Opens::Token(_) => builder.with_no_client_auth(),
        Opens::Certificate => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from(authority.der().to_vec()))
                .expect("an authority that was just minted");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .expect("one authority is enough");
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = vec![CertificateDer::from(served.der().to_vec())];
    let key = PrivateKeyDer::Pkcs8(served.key_der().into());
    Arc::new(
        builder
            .with_single_cert(chain, key)
            .expect("a key that belongs to it"),
    )
}

impl Inside {
    fn answer(&self, request: &Request) -> Answer {
        let number = {
            let mut asked = self.asked.lock().expect("no thread panicked");
            asked.push(request.target.clone());
            asked.len() as u64
        };
        let mut habits = self.habits.lock().expect("no thread panicked");
        if let Some(token) = &self.token
            && request.header("authorization") != Some(&format!("Bearer {token}"))
        {
            return status(401, "Unauthorized");
        }
        if habits.fails_every > 0 && number.is_multiple_of(habits.fails_every) {
            return status(500, "etcdserver: request timed out");
        }
        let namespace = match wanted(request, &habits) {
            Ok(namespace) => namespace,
            Err(refusal) => return refusal,
        };
        if request.parameter("fieldSelector") != Some("type%3Dkubernetes.io%2Ftls") {
            return status(400, "this stand-in has TLS secrets alone");
        }
        self.list(request, &mut habits, namespace)
    }

    fn list(&self, request: &Request, habits: &mut Habits, namespace: Option<&str>) -> Answer {
        let begin: usize = request
            .parameter("continue")
            .map_or(0, |more| more.parse().unwrap_or(0));
        if begin > 0 && habits.gone > 0 {
            habits.gone -= 1;
            return status(410, "The provided continue parameter is too old");
        }
        let limit: usize = request
            .parameter("limit")
            .map_or(500, |limit| limit.parse().unwrap_or(500));
        let limit = if habits.page == 0 {
            limit
        } else {
            limit.min(habits.page)
        };
        let all: Vec<&Secret> = self
            .secrets
            .iter()
            .filter(|secret| namespace.is_none_or(|namespace| secret.namespace == namespace))
            .collect();
        let shown: Vec<String> = all
            .iter()
            .skip(begin)
            .take(limit)
            .map(|secret| json(secret))
            .collect();
        let more = if begin + limit < all.len() {
            format!(",\"continue\":\"{}\",\"remainingItemCount\":1", begin + limit)
        } else {
            String::new()
        };
        let body = format!(
            "{{\"kind\":\"SecretList\",\"apiVersion\":\"v1\",\"metadata\":{{\"resourceVersion\":\"7\"{more}}},\"items\":[{}]}}",
            shown.join(",")
        );
        Answer::new(200, "application/json", body)
    }
}

/// The namespace that is asked for, nothing for all of them; else how that is refused.
fn wanted<'a>(request: &'a Request, habits: &Habits) -> Result<Option<&'a str>, Answer> {
    let path = request.target.split('?').next().unwrap_or_default();
    if path == "/api/v1/secrets" {
        return match habits.no_lists {
            true => Err(status(
                403,
                "secrets is forbidden: User \\\"reader\\\" cannot list them at the cluster scope",
            )),
            false => Ok(None),
        };
    }
    let namespace = path
        .strip_prefix("/api/v1/namespaces/")
        .and_then(|rest| rest.strip_suffix("/secrets"));
    match namespace {
        None => Err(status(404, "the server could not find the requested resource")),
        Some(closed) if habits.closed.as_deref() == Some(closed) => {
            Err(status(403, "secrets is forbidden in this namespace"))
        }
        open => Ok(open),
    }
}

fn json(secret: &Secret) -> String {
    let data: Vec<String> = secret
        .data
        .iter()
        .map(|(name, text)| format!("\"{name}\":\"{}\"", base64(text.as_bytes())))
        .collect();
    format!(
        "{{\"metadata\":{{\"name\":\"{}\",\"namespace\":\"{}\",\"uid\":\"x\"}},\"data\":{{{}}},\"type\":\"kubernetes.io/tls\"}}",
        secret.name,
        secret.namespace,
        data.join(",")
    )
}

fn status(code: u16, message: &str) -> Answer {
    let body = format!(
        "{{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"{message}\",\"code\":{code}}}"
    );
    Answer::new(code, "application/json", body)
}
