//! TLS records that lead nowhere.

use std::io;

use tokio::io::AsyncWriteExt;

use super::running::Guest;
use super::{endless, hello};

/// What is in the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Records {
    /// Nothing: handshake records of length 0 (RFC 8446 section 5.1 forbids them).
    Empty,
    /// Warning alerts.
    Warnings,
    /// HelloRequests (RFC 5246 section 7.4.1.1), which a client ignores.
    HelloRequests,
    /// One handshake message of 16 MiB, one byte in each record.
    Fragments,
    /// One certificate message of 16 MiB in full records, behind a ServerHello.
    Giant,
    /// ChangeCipherSpec records (RFC 8446 section 5: dropped without a word).
    ChangeCipherSpecs,
}

impl Records {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Empty,
        Self::Warnings,
        Self::HelloRequests,
        Self::Fragments,
        Self::Giant,
        Self::ChangeCipherSpecs,
    ];
}

pub(super) async fn host(records: Records, guest: &mut Guest) -> io::Result<()> {
    let hello = hello::read(guest).await?;
    let (beginning, record) = match records {
        Records::Empty => (Vec::new(), vec![hello::HANDSHAKE, 3, 3, 0, 0]),
        // user_canceled (90) is the one that servers send as a warning.
        Records::Warnings => (Vec::new(), vec![hello::ALERT, 3, 3, 0, 2, 1, 90]),
        Records::HelloRequests => (Vec::new(), hello::records(hello::HANDSHAKE, &[0; 4])),
        Records::Fragments => (
            hello::records(hello::HANDSHAKE, &[2, 0xff, 0xff, 0xff]),
            hello::records(hello::HANDSHAKE, &[3]),
        ),
        Records::Giant => {
            let mut beginning = super::chain::server_hello(super::chain::any_suite(&hello));
            // A certificate list of the greatest length, with a certificate of the greatest length.
            beginning.extend_from_slice(&[11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc, 0xff, 0xff, 0xf9]);
            (
                hello::records(hello::HANDSHAKE, &beginning),
                hello::records(hello::HANDSHAKE, &[0x30; 16 * 1024]),
            )
        }
        Records::ChangeCipherSpecs => (Vec::new(), vec![0x14, 3, 3, 0, 1, 1]),
    };
    guest.write_all(&beginning).await?;
    let block = record.repeat((8 * 1024 / record.len()).max(1));
    endless(guest, &block).await
}
