//! The dialogue of SMTP (RFC 5321), as far as handing in one mail needs it: STARTTLS (RFC 3207), AUTH PLAIN (RFC 4954).
//!
//! What a server said before TLS is forgotten when TLS begins; what stands behind its go-ahead in the same breath was put
//! there by somebody else, and ends the attempt. A password crosses the network in TLS alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::limits;
use net::Network;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::channel::email::{Begin, Email};

/// Hands in a mail; gives back what the server said when it took it.
pub(super) async fn send(network: &Network, email: &Email, mail: &[u8]) -> Result<String, String> {
    let (connection, _permit) = network
        .connect(&email.origin)
        .await
        .map_err(|error| error.to_string())?;
    match email.begin {
        Begin::AtOnce => {
            let stream = email
                .origin
                .encrypt(connection)
                .await
                .map_err(|error| error.to_string())?;
            let mut dialogue = Dialogue::new(stream);
            dialogue.greeted().await?;
            dialogue.hello().await?;
            dialogue.hand_in(email, mail, Line::Encrypted).await
        }
        Begin::Starttls => {
            let mut dialogue = Dialogue::new(connection);
            dialogue.greeted().await?;
            let offers = dialogue.hello().await?;
            if !offers.has("STARTTLS") {
                if !email.origin.is_loopback() {
                    return Err("the server offers no STARTTLS: nothing was sent".to_owned());
                }
                return dialogue.hand_in(email, mail, Line::Readable).await;
            }
            let stream = dialogue.starttls().await?;
            let stream = email
                .origin
                .encrypt(stream)
                .await
                .map_err(|error| error.to_string())?;
            let mut dialogue = Dialogue::new(stream);
            dialogue.hello().await?;
            dialogue.hand_in(email, mail, Line::Encrypted).await
        }
    }
}

/// Whether others can read along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Readable,
    Encrypted,
}

/// Both ends of a conversation.
struct Dialogue<S> {
    stream: S,
    /// Read and not used yet.
    ahead: Vec<u8>,
    /// Octets read in all.
    read: usize,
    /// What the server offers.
    offers: Offers,
}

/// Lines of an answer to EHLO.
#[derive(Clone, Debug, Default)]
struct Offers(Vec<String>);

impl Offers {
    fn has(&self, word: &str) -> bool {
        self.0.iter().any(|line| line.eq_ignore_ascii_case(word))
    }

    /// Whether a way to sign in is offered.
    fn signs_in_by(&self, way: &str) -> bool {
        let mut words = self.0.iter().filter_map(|line| {
            let (key, ways) = line.split_once([' ', '='])?;
            key.eq_ignore_ascii_case("AUTH").then_some(ways)
        });
        words.any(|ways| ways.split(' ').any(|known| known.eq_ignore_ascii_case(way)))
    }
}

/// One answer.
struct Answer {
    code: u16,
    lines: Vec<String>,
}

impl Answer {
    fn words(&self) -> String {
        format!("{} {}", self.code, model::untrusted::shown(&self.lines.join(" ")))
    }

    /// It is of the hundred that was hoped for.
    fn expect(self, hundred: u16, to: &str) -> Result<Self, String> {
        match self.code / 100 == hundred {
            true => Ok(self),
            false => Err(format!("{} (after {to})", self.words())),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            ahead: Vec::new(),
            read: 0,
            offers: Offers::default(),
        }
    }

    async fn greeted(&mut self) -> Result<(), String> {
        self.answer().await?.expect(2, "connecting").map(drop)
    }

    async fn hello(&mut self) -> Result<Offers, String> {
        let answer = self.ask("EHLO nolapse.invalid").await?.expect(2, "EHLO")?;
        self.offers = Offers(answer.lines.into_iter().skip(1).collect());
        Ok(self.offers.clone())
    }

    /// The stream, ready for TLS.
    async fn starttls(mut self) -> Result<S, String> {
        self.ask("STARTTLS").await?.expect(2, "STARTTLS")?;
        if !self.ahead.is_empty() {
            return Err(
                "something stands behind the go-ahead for TLS: somebody is between us and the server"
                    .to_owned(),
            );
        }
        Ok(self.stream)
    }

    async fn hand_in(&mut self, email: &Email, mail: &[u8], line: Line) -> Result<String, String> {
        if let Some((user, password)) = &email.login {
            if line == Line::Readable {
                return Err("the password would cross the network readable: nothing was sent".to_owned());
            }
            self.sign_in(user, password.expose()).await?;
        }
        self.ask(&format!("MAIL FROM:<{}>", email.from))
            .await?
            .expect(2, "MAIL FROM")?;
        for to in &email.to {
            self.ask(&format!("RCPT TO:<{to}>")).await?.expect(2, "RCPT TO")?;
        }
        self.ask("DATA").await?.expect(3, "DATA")?;
        self.write(&stuffed(mail)).await?;
        let taken = self.answer().await?.expect(2, "the mail")?.words();
        // It is the server's now, whatever comes of this.
        drop(self.ask("QUIT").await);
        Ok(taken)
    }

    async fn sign_in(&mut self, user: &str, password: &str) -> Result<(), String> {
        if self.offers.signs_in_by("PLAIN") {
            let words = STANDARD.encode(format!("\0{user}\0{password}"));
            return self
                .ask(&format!("AUTH PLAIN {words}"))
                .await?
                .expect(2, "signing in")
                .map(drop);
        }
        if !self.offers.signs_in_by("LOGIN") {
            return Err("the server offers neither AUTH PLAIN nor AUTH LOGIN".to_owned());
        }
        self.ask("AUTH LOGIN").await?.expect(3, "AUTH LOGIN")?;
        self.ask(&STANDARD.encode(user))
            .await?
            .expect(3, "the user's name")?;
        self.ask(&STANDARD.encode(password))
            .await?
            .expect(2, "signing in")
            .map(drop)
    }

    async fn ask(&mut self, line: &str) -> Result<Answer, String> {
        self.write(format!("{line}\r\n").as_bytes()).await?;
        self.answer().await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let io = |error: std::io::Error| format!("the connection broke: {error}");
        self.stream.write_all(bytes).await.map_err(io)?;
        self.stream.flush().await.map_err(io)
    }

    /// Lines up to the one that has a space behind its code.
    async fn answer(&mut self) -> Result<Answer, String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
            let (Some(code), true) = (code, lines.len() < limits::UPGRADE_LINES) else {
                return Err(format!("no answer of SMTP: {}", model::untrusted::shown(&line)));
            };
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Answer { code, lines });
            }
        }
    }

    async fn line(&mut self) -> Result<String, String> {
        loop {
            if let Some(end) = self.ahead.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.ahead.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line)
                    .trim_end_matches(['\r', '\n'])
                    .to_owned());
            }
            if self.ahead.len() > limits::UPGRADE_LINE_BYTES || self.read > limits::UPGRADE_BYTES {
                return Err("the server talks without end".to_owned());
            }
            let mut buffer = [0; 1024];
            let count = self.stream.read(&mut buffer).await;
            let count = count.map_err(|error| format!("the connection broke: {error}"))?;
            if count == 0 {
                return Err("the server closed the connection".to_owned());
            }
            self.read += count;
            self.ahead
                .extend_from_slice(buffer.get(..count).unwrap_or_default());
        }
    }
}

/// A mail as it is sent: a point at the begin of a line is doubled, and a point alone ends it (RFC 5321 section 4.5.2).
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + 64);
    let mut begin = true;
    for byte in mail {
        if begin && *byte == b'.' {
            out.push(b'.');
        }
        out.push(*byte);
        begin = *byte == b'\n';
    }
    if !out.ends_with(b"\r\n") {
        out.extend(b"\r\n");
    }
    out.extend(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_the_begin_of_lines_are_doubled() {
        assert_eq!(stuffed(b".a\r\n..\r\nb.c\r\n"), b"..a\r\n...\r\nb.c\r\n.\r\n");
        assert_eq!(stuffed(b"x"), b"x\r\n.\r\n");
    }

    #[test]
    fn ways_to_sign_in_are_read() {
        let offers = Offers(vec!["SIZE 1".to_owned(), "auth LOGIN PLAIN".to_owned()]);
        assert!(offers.signs_in_by("PLAIN") && offers.signs_in_by("login") && !offers.signs_in_by("XOAUTH2"));
        assert!(!offers.has("STARTTLS"));
    }
}
