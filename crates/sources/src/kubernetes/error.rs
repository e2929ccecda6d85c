//! Why a cluster cannot be asked, each with what to do.

use model::limits;
use model::untrusted::shown;
use net::api::ApiError;
use serde::Deserialize;

use crate::run::Follows;
use crate::secret::SecretError;

/// Why a cluster cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Nothing says where it is.
    #[error(
        "neither kubeconfig nor server is set, and this is not inside of a cluster (there is no variable KUBERNETES_SERVICE_HOST)"
    )]
    NoServer,
    /// Two things say where it is.
    #[error("kubeconfig and {0} both say how the cluster is reached: keep one of them")]
    TwoWays(&'static str),
    /// A kubeconfig that cannot be used.
    #[error("kubeconfig {path}: {words}")]
    Kubeconfig {
        /// Where.
        path: String,
        /// Why not, and what to do.
        words: String,
    },
    /// A token that cannot be had.
    #[error("the cluster's token: {0}")]
    Token(#[from] SecretError),
    /// Authorities that cannot be had.
    #[error("the cluster's authorities in {path}: {words}")]
    Authorities {
        /// Where.
        path: String,
        /// Why.
        words: String,
    },
    /// An address that cannot be used.
    #[error("server: {0}")]
    Server(ApiError),
    /// Broken off.
    #[error("{place}, page {page}: {trouble}", place = namespaces(.namespace.as_deref()))]
    Broken {
        /// Of which namespace; all when there is none.
        namespace: Option<String>,
        /// Which page of the list, from 1.
        page: usize,
        /// Why.
        trouble: Trouble,
    },
}

/// Why a question has no answer that helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Not known there.
    #[error("the cluster does not know the credentials (status 401{}): the token or certificate has expired, or is of another cluster", said(.0))]
    Unknown(String),
    /// Not allowed.
    #[error(
        "the account may not list secrets (status 403{}): bind it to a ClusterRole, or to a Role in each namespace, with the rule apiGroups: [\"\"], resources: [\"secrets\"], verbs: [\"list\"]", said(.0)
    )]
    Forbidden(String),
    /// No such thing.
    #[error("there is no interface of a cluster (status 404{}): is server its address?", said(.0))]
    NoInterface(String),
    /// The list grew too old.
    #[error("the list grew too old again and again (status 410): ask for more at once with page_size")]
    Gone,
    /// No answer after some tries.
    #[error("no answer after {tries} tries: {error}")]
    NoAnswer {
        /// How often.
        tries: u32,
        /// The last reason.
        error: ApiError,
    },
    /// Throttled to the end of our patience.
    #[error("the cluster asks for patience again and again (status 429)")]
    Throttled,
    /// Another status.
    #[error("the cluster answered with status {status}{}", said(.words))]
    Status {
        /// Status code.
        status: u16,
        /// What it said.
        words: String,
    },
    /// An answer of another shape.
    #[error("the answer is no list of secrets: {0}")]
    Shape(String),
    /// A list without end.
    #[error("the list has no end after {} pages", limits::PROVIDER_PAGES)]
    Endless,
}

impl ClusterError {
    /// What follows from it.
    pub const fn follows(&self) -> Follows {
        match self {
            Self::Broken { trouble, .. } => match trouble {
                Trouble::Unknown(_) | Trouble::Forbidden(_) | Trouble::NoInterface(_) => Follows::Person,
                _ => Follows::Again,
            },
            _ => Follows::Person,
        }
    }

    /// Whether other namespaces may still answer.
    pub(super) const fn is_of_one_namespace(&self) -> bool {
        matches!(
            self,
            Self::Broken {
                trouble: Trouble::Forbidden(_) | Trouble::Gone,
                ..
            }
        )
    }
}

fn namespaces(namespace: Option<&str>) -> String {
    namespace.map_or_else(
        || "all namespaces".to_owned(),
        |namespace| format!("namespace {namespace}"),
    )
}

fn said(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(", {words}")
    }
}

/// What an answer says of its error (`Status` of the interface); nothing for one of another shape.
pub(super) fn words(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Status {
        #[serde(default)]
        message: String,
    }
    let status = serde_json::from_slice::<Status>(body);
    status.map(|status| shown(&status.message)).unwrap_or_default()
}
