//! A server of zone transfers that follows a script: what it answers is chosen message by message, however wrong.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::loopback;

/// One step of an answer.
#[derive(Clone, Debug)]
pub enum Step {
    /// A message: its number and length are filled in.
    Message(Vec<u8>),
    /// Octets as they are, without a length in front.
    Raw(Vec<u8>),
    /// This message again and again, a counter in its last four octets, until the other side goes away.
    Endless(Vec<u8>),
    /// Closes unless a whole zone is asked for.
    OnlyAxfr,
    /// Nothing more, and the connection stays open until the other side goes away.
    Silence,
}

/// A scripted server, as long as the handle lives.
#[derive(Debug)]
pub struct Transfers {
    socket: SocketAddr,
    ends: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    steps: Arc<Mutex<Vec<Step>>>,
    thread: Option<JoinHandle<()>>,
}

/// The four octets of an A record's data and what stands before them.
fn record(owner: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let mut out = owner.to_vec();
    out.extend(kind.to_be_bytes());
    out.extend([0, 1, 0, 0, 0, 60]);
    out.extend((data.len() as u16).to_be_bytes());
    out.extend(data);
    out
}

/// A name in wire format.
pub fn name(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        out.push(label.len() as u8);
        out.extend(label.as_bytes());
    }
    out.push(0);
    out
}

/// A SOA record with this serial number.
pub fn soa(zone: &str, serial: u32) -> Vec<u8> {
    let mut data = vec![0, 0];
    data.extend(serial.to_be_bytes());
    data.extend([0; 16]);
    record(&name(zone), 6, &data)
}

/// An A record.
pub fn a(owner: &str, address: [u8; 4]) -> Vec<u8> {
    record(&name(owner), 1, &address)
}

/// A record whose owner is the octets given, which need not be a name.
pub fn odd(owner: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    record(owner, kind, data)
}

/// A message with these answers and this code; its number is filled in when it is sent.
pub fn message(code: u8, answers: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![0, 0, 0x84, code, 0, 0];
    out.extend((answers.len() as u16).to_be_bytes());
    out.extend([0; 4]);
    out.extend(answers.concat());
    out
}

impl Transfers {
    /// Answers every question with these steps, then closes.
    pub fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind((loopback::address(), 0)).expect("a free socket can be listened on");
        let socket = listener.local_addr().expect("a bound socket has an address");
        let steps = Arc::new(Mutex::new(steps));
        let said = Arc::clone(&steps);
        let (ends, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (told, count) = (Arc::clone(&ends), Arc::clone(&asked));
        let thread = std::thread::spawn(move || {
            let mut talks = Vec::new();
            while let Ok((stream, _)) = listener.accept() {
                if told.load(Ordering::Acquire) {
                    break;
                }
                count.fetch_add(1, Ordering::AcqRel);
                let steps = said.lock().expect("nobody panics with it").clone();
                talks.push(std::thread::spawn(move || drop(talk(stream, &steps))));
            }
            talks.into_iter().for_each(|talk| drop(talk.join()));
        });
        Self {
            socket,
            ends,
            asked,
            steps,
            thread: Some(thread),
        }
    }

    /// Answers with these steps from now on.
    pub fn exchange(&self, steps: Vec<Step>) {
        *self.steps.lock().expect("nobody panics with it") = steps;
    }

    /// For `--server`.
    pub const fn socket(&self) -> SocketAddr {
        self.socket
    }

    /// Connections so far.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Acquire)
    }
}

impl Drop for Transfers {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        if TcpStream::connect(self.socket).is_ok()
            && let Some(thread) = self.thread.take()
        {
            drop(thread.join());
        }
    }
}

fn talk(mut stream: TcpStream, steps: &[Step]) -> std::io::Result<()> {
    // Nobody who tests waits longer.
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut question)?;
    let id = [question[0], question[1]];
    for step in steps {
        match step {
            Step::Message(message) => send(&mut stream, message.clone(), id)?,
            Step::Raw(octets) => stream.write_all(octets)?,
            Step::Endless(message) => {
                for count in 0_u32.. {
                    let mut message = message.clone();
                    let end = message.len() - 4;
                    message[end..].copy_from_slice(&count.to_be_bytes());
                    send(&mut stream, message, id)?;
                }
            }
            Step::OnlyAxfr if kind(&question) == Some(AXFR) => {}
            Step::OnlyAxfr => return Ok(()),
            Step::Silence => {
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest)?;
            }
        }
    }
    Ok(())
}

const AXFR: [u8; 2] = [0, 252];

/// The type that is asked for: it stands behind the name.
fn kind(question: &[u8]) -> Option<[u8; 2]> {
    let end = question.iter().skip(12).position(|octet| *octet == 0)?;
    question.get(12 + end + 1..)?.first_chunk().copied()
}

fn send(stream: &mut TcpStream, mut message: Vec<u8>, id: [u8; 2]) -> std::io::Result<()> {
    if message.starts_with(&[0, 0]) {
        message[..2].copy_from_slice(&id);
    }
    let mut framed = (message.len() as u16).to_be_bytes().to_vec();
    framed.extend(message);
    stream.write_all(&framed)
}
