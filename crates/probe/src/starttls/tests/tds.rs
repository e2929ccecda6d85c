//! TLS inside TDS packets: with a real TLS stack on both sides, and with packets that mean harm.

use std::io;

use testkit::script::self_signed;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::tds::TdsStream;

/// Reads all that a server with these bytes sends, in segments of `size`.
async fn read_all(bytes: &[u8], size: usize) -> io::Result<Vec<u8>> {
    let (ours, mut theirs) = tokio::io::duplex(size);
    let mut stream = TdsStream::new(ours);
    let mut content = Vec::new();
    let send = async move { theirs.write_all(bytes).await };
    let (read, _) = tokio::join!(stream.read_to_end(&mut content), send);
    read.map(|_| content)
}

#[tokio::test]
async fn content_is_taken_out_of_packets_however_they_are_cut() {
    let bytes = b"\x12\0\0\x0b\0\0\0\0abc\x12\x01\0\x08\0\0\0\0\x04\x01\0\x0a\0\0\0\0de";
    for size in [1, 2, 3, 7, 64] {
        assert_eq!(read_all(bytes, size).await.unwrap(), b"abcde");
    }
}

#[tokio::test]
async fn what_is_no_packet_is_an_error() {
    for bytes in [
        &b"\x16\x03\x03\0\x02\0\0\0"[..],
        b"\x12\x01\0\x07\0\0\0\0",
        b"\x12\x01\0\x09\0\0\0\0",
        b"\x12\x01",
    ] {
        assert!(read_all(bytes, 64).await.is_err(), "{bytes:?}");
    }
}

#[tokio::test]
async fn packets_without_content_are_bounded() {
    let empty = b"\x12\x01\0\x08\0\0\0\0";
    assert_eq!(read_all(&empty.repeat(64), 64).await.unwrap(), b"");
    assert!(read_all(&empty.repeat(65), 1024).await.is_err());
}

#[tokio::test]
async fn what_is_written_goes_out_in_packets_of_their_size() {
    let (ours, mut theirs) = tokio::io::duplex(16);
    let mut stream = TdsStream::new(ours);
    let content = vec![7; 5000];
    let written = content.clone();
    let write = async move {
        stream.write_all(&written).await.unwrap();
        stream.flush().await.unwrap();
    };
    let mut came = Vec::new();
    let (read, ()) = tokio::join!(theirs.read_to_end(&mut came), write);
    read.unwrap();
    assert_eq!(&came[..8], [0x12, 0, 0x10, 0, 0, 0, 1, 0]);
    assert_eq!(&came[4096..4104], [0x12, 1, 0x03, 0x98, 0, 0, 1, 0]);
    assert_eq!([&came[8..4096], &came[4104..]].concat(), content);
}

#[tokio::test]
async fn a_reader_is_not_kept_waiting_by_what_was_not_flushed() {
    let (ours, mut theirs) = tokio::io::duplex(8);
    let mut stream = TdsStream::new(ours);
    let ask = async move {
        // The stream holds eight bytes: the packet's content is still ours when this returns.
        stream.write_all(b"question").await.unwrap();
        stream.read_u8().await.unwrap()
    };
    let answer = async move {
        theirs.read_exact(&mut [0; 16]).await.unwrap();
        theirs.write_all(b"\x12\x01\0\x09\0\0\0\0!").await.unwrap();
        theirs
    };
    let (answered, _theirs) = tokio::join!(ask, answer);
    assert_eq!(answered, b'!');
}

#[tokio::test]
async fn a_tls_handshake_goes_through_packets() {
    // The server side is testkit's own carrier, behind a socket: see `loopback`.
    let running =
        testkit::hostile::start_honest(testkit::script::Protocol::Mssql, self_signed(&["sql.test"])).unwrap();
    let mut socket = super::loopback::connect(running.address()).await;
    let service = super::service(testkit::script::Protocol::Mssql);
    super::super::upgrade(&mut socket, &service, "probe.example")
        .await
        .unwrap();
    let leaf = super::loopback::presented(TdsStream::new(socket)).await;
    assert!(leaf.starts_with(&[0x30, 0x82]));
}
