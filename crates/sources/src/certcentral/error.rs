//! Why an account cannot be read, each with what to do.

use model::limits;
use model::untrusted::shown;
use net::api::ApiError;

use super::REPEATED_PAGES;
use crate::run::Follows;
use crate::secret::SecretError;

/// Why an account cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The address is none.
    #[error("region: {0}; `us` and `eu` are the two platforms of DigiCert")]
    Region(ApiError),
    /// No key is named.
    #[error("no key: name the file that holds it with key_file, or a variable with key_variable")]
    NoKey,
    /// Two keys are named.
    #[error("key_file and key_variable both name a key: keep one of them")]
    TwoKeys,
    /// The key cannot be had.
    #[error("the account's key: {0}")]
    Key(#[from] SecretError),
    /// Broken off.
    #[error("page {page} (orders from {offset} on): {trouble}")]
    Broken {
        /// Which page, from 1.
        page: usize,
        /// Number of its first order, from 0.
        offset: u64,
        /// Why.
        trouble: Trouble,
    },
}

/// Why a question has no answer that helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The key is not known there.
    #[error(
        "the account refuses the key (status 401{}): it is wrong, revoked, or of the other platform (region = \"us\" or \"eu\")", said(.0)
    )]
    Unknown(String),
    /// The key may not do this.
    #[error(
        "the key may not list orders (status 403{}): give it the restriction `View Only` or `Orders`, and its user a role that sees the orders", said(.0)
    )]
    Forbidden(String),
    /// No answer after some tries.
    #[error("no answer after {tries} tries: {error}")]
    NoAnswer {
        /// How often.
        tries: u32,
        /// The last reason.
        error: ApiError,
    },
    /// Throttled to the end of our patience.
    #[error(
        "the account asks for patience again and again (status 429): does something else use the same key?"
    )]
    Throttled,
    /// Another status.
    #[error("the account answered with status {status}{}", said(.words))]
    Status {
        /// Status code.
        status: u16,
        /// What it said.
        words: String,
    },
    /// An answer of another shape.
    #[error("the answer is no list of orders: {0}; is region the address of the services API?")]
    Shape(String),
    /// A list that breaks off.
    #[error("the list promises {total} orders and gives none here")]
    Short {
        /// How many it promises.
        total: u64,
    },
    /// A list that goes round in a circle.
    #[error(
        "the list gives the same orders again and again: {REPEATED_PAGES} pages in a row held none that is new"
    )]
    Repeats,
    /// A list without end.
    #[error("the list has no end after {} pages", limits::PROVIDER_PAGES)]
    Endless,
}

impl AccountError {
    /// What follows from it.
    pub const fn follows(&self) -> Follows {
        match self {
            Self::Broken { trouble, .. } => match trouble {
                Trouble::Unknown(_) | Trouble::Forbidden(_) => Follows::Person,
                _ => Follows::Again,
            },
            _ => Follows::Person,
        }
    }
}

fn said(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(", {}", shown(words))
    }
}
