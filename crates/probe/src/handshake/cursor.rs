//! Reading TLS vectors from bytes, with a fault instead of a panic where they end too soon.

use super::Stop;

/// What is left to read of a message.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// Which message, in our words, for the fault.
    what: &'static str,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let (head, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(Stop::Malformed(self.what))?;
        self.rest = rest;
        Ok(head)
    }

    /// All that is left.
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// A big-endian number of `N` bytes.
    pub(crate) fn number<const N: usize>(&mut self) -> Result<usize, Stop> {
        Ok(self
            .take(N)?
            .iter()
            .fold(0, |value, byte| value << 8 | usize::from(*byte)))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Stop> {
        let (first, rest) = self.rest.split_first().ok_or(Stop::Malformed(self.what))?;
        self.rest = rest;
        Ok(*first)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Stop> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<2>()
            .ok_or(Stop::Malformed(self.what))?;
        self.rest = rest;
        Ok(u16::from_be_bytes(*head))
    }

    /// A vector behind its length in `N` bytes.
    pub(crate) fn vector<const N: usize>(&mut self) -> Result<&'a [u8], Stop> {
        let length = self.number::<N>()?;
        self.take(length)
    }

    /// A vector as a cursor of its own.
    pub(crate) fn inner<const N: usize>(&mut self) -> Result<Self, Stop> {
        let what = self.what;
        self.vector::<N>().map(|bytes| Self::new(bytes, what))
    }
}
