//! Tells people and machines: who is told of which alert, in whose words, and whether it arrived.
//!
//! An alert comes in, the channels that are told of it go out ([`route`]); a letter comes in, and what came of the attempt to
//! deliver it goes out ([`deliver`]). What a letter says is a [`Message`], the same for every channel; each kind of channel has
//! a file of its own that puts it into the words of its receiver. It knows nothing of the inventory and keeps nothing:
//! that a letter is not lost is the work of whoever holds it until it arrived.
//!
//! Texts of strangers stand in a message as they may be shown, without control characters; each channel escapes what its
//! receiver would read as markup.

pub mod channel;
pub mod deliver;
pub mod message;
pub mod retry;
pub mod route;
mod secret;
mod signature;

pub use channel::Channel;
pub use message::Message;
pub use secret::Secret;
