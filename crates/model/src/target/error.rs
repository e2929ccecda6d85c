//! Why text is no target, with the place in it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use ipnet::IpNet;

use crate::limits;
use crate::name::NameError;
use crate::untrusted;

/// Why text is no target. `Display` is one sentence for people; the line with the caret is drawn by who shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetError {
    /// First offending character, counted from 1.
    pub column: usize,
    /// Offending characters, at least 1.
    pub length: usize,
    /// What is wrong.
    pub kind: TargetErrorKind,
    /// What would have been right there.
    pub expected: Cow<'static, str>,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

/// The ways to be no target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetErrorKind {
    /// Nothing was written.
    Empty,
    /// More than [`limits::TARGET_LINE_BYTES`].
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// A control or invisible character.
    Control(char),
    /// White space inside.
    Space,
    /// A scheme that is not known.
    UnknownScheme(Box<str>),
    /// Not a name.
    Name(NameError),
    /// Not an address.
    Address(Box<str>),
    /// An address where the name stands in `name@address`.
    AddressBeforeAt,
    /// A port in front of the `@`.
    PortBeforeAt,
    /// A bracket without its partner.
    Bracket,
    /// Something behind the closing bracket that is neither port nor prefix length.
    BehindBracket,
    /// A colon without a port.
    PortMissing,
    /// Not a number.
    PortNotANumber(Box<str>),
    /// Port 0.
    PortZero,
    /// Above 65535.
    PortTooLarge,
    /// An IPv6 address without brackets whose last group may be meant as a port.
    PortAmbiguous,
    /// Not the length of a prefix.
    PrefixLength {
        /// The longest that there is.
        longest: u8,
    },
    /// The address of a range is not its first one.
    HostBits {
        /// The range that the address lies in.
        network: IpNet,
    },
    /// A range of more addresses than [`limits::RANGE_ADDRESSES`].
    RangeTooLarge {
        /// Its addresses.
        addresses: u128,
    },
    /// A range where a single address must stand.
    RangeBehindAt,
    /// A user name, perhaps with a password. Whoever shows the text must not show this part of it.
    UserInformation,
    /// A file of targets where one target must stand.
    List,
    /// `@` with nothing behind it.
    ListWithoutName,
}

impl TargetError {
    /// An error over `bytes` of `text`.
    pub(super) fn new(
        text: &str,
        bytes: Range<usize>,
        kind: TargetErrorKind,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        let count = |range: Range<usize>| text.get(range).map_or(0, |part| part.chars().count());
        let column = count(0..bytes.start) + 1;
        Self {
            column,
            length: count(bytes).max(1),
            kind,
            expected: expected.into(),
            suggestion: None,
        }
    }

    pub(super) fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }
}

impl std::error::Error for TargetError {}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.kind, self.expected)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{}`?", untrusted::shown(suggestion)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TargetErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("nothing to look at"),
            Self::TooLong { bytes } => {
                write!(
                    f,
                    "{bytes} bytes are more than the {} of a target",
                    limits::TARGET_LINE_BYTES
                )
            }
            Self::Control(character) => write!(f, "the invisible character U+{:04X}", u32::from(*character)),
            Self::Space => f.write_str("white space inside a target"),
            Self::UnknownScheme(scheme) => write!(f, "unknown scheme `{}`", untrusted::shown(scheme)),
            Self::Name(error) => error.fmt(f),
            Self::Address(text) => write!(f, "`{}` is not an address", untrusted::shown(text)),
            Self::AddressBeforeAt => f.write_str("an address in front of `@`"),
            Self::PortBeforeAt => f.write_str("a port in front of `@`"),
            Self::Bracket => f.write_str("a bracket without its partner"),
            Self::BehindBracket => f.write_str("text behind the bracket"),
            Self::PortMissing => f.write_str("no port behind the colon"),
            Self::PortNotANumber(text) => write!(f, "`{}` is not a port", untrusted::shown(text)),
            Self::PortZero => f.write_str("port 0 does not exist"),
            Self::PortTooLarge => f.write_str("a port is at most 65535"),
            Self::PortAmbiguous => f.write_str("the end of this IPv6 address may be a port"),
            Self::PrefixLength { longest } => write!(f, "not a prefix length of 0 to {longest}"),
            Self::HostBits { network } => {
                write!(f, "the address lies inside of {network} and is not its first")
            }
            Self::RangeTooLarge { addresses } => {
                write!(f, "a range of {} addresses", grouped(*addresses))
            }
            Self::RangeBehindAt => f.write_str("a range behind `@`"),
            Self::UserInformation => f.write_str("user names and passwords are not taken"),
            Self::List => f.write_str("a file of targets where one target must stand"),
            Self::ListWithoutName => f.write_str("no file behind `@`"),
        }
    }
}

/// A count with commas: `16,777,216`.
pub(super) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
