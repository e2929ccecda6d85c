//! How pages look: the layout around all of them, and the pieces that they are made of.
//!
//! Words and numbers come in, markup that is safe to send goes out. A stranger's text reaches markup through
//! [`model::untrusted`] and the escape of the template alone.

pub(crate) mod asset;
mod glyph;
mod layout;
mod life;
mod status;
mod text;
pub(crate) mod words;

pub(crate) use glyph::{Glyph, sprite};
pub(crate) use layout::{Page, Tab};
pub(crate) use life::life;
pub(crate) use status::status;
pub(crate) use text::{common_name, names, sentence, sources};
