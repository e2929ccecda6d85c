//! A plain HTTP server of a few files, as authorities have for their lists and certificates.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::loopback;

/// A web server, as long as the handle lives.
#[derive(Debug)]
pub struct Files {
    socket: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    asked: Mutex<Vec<String>>,
    ends: AtomicBool,
}

impl Files {
    /// Starts without any file: everything is 404.
    pub fn start() -> Self {
        let listener = TcpListener::bind((loopback::address(), 0)).expect("loopback has free ports");
        let socket = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.ends.load(Ordering::Acquire) {
                    break;
                }
                serving.serve(stream);
            }
        });
        Self {
            socket,
            shared,
            thread: Some(thread),
        }
    }

    /// Serves `content` at this path, and at every path below it, to GET and POST alike.
    pub fn put(&self, path: &str, content: impl Into<Vec<u8>>) {
        let mut files = self.shared.files.lock().expect("no test panics here");
        files.insert(path.to_owned(), content.into());
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.socket)
    }

    /// How often anything at or below this path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        let asked = self.shared.asked.lock().expect("no test panics here");
        asked.iter().filter(|asked| asked.starts_with(path)).count()
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        let patience = Some(Duration::from_secs(5));
        stream.set_read_timeout(patience).expect("a timeout above zero");
        let mut request = Vec::new();
        let mut piece = [0; 4096];
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => return,
                Ok(length) => request.extend_from_slice(&piece[..length]),
            }
        }
        let request = String::from_utf8_lossy(&request).into_owned();
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let found = {
            let files = self.files.lock().expect("no test panics here");
            let fitting = files.iter().filter(|(known, _)| path.starts_with(known.as_str()));
            fitting
                .max_by_key(|(known, _)| known.len())
                .map(|(_, content)| content.clone())
        };
        self.asked.lock().expect("no test panics here").push(path);
        let (status, body) = found.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        // Whoever asked may have gone.
        drop(stream.write_all(&[head.as_bytes(), &body].concat()));
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Release);
        if TcpStream::connect(self.socket).is_ok()
            && let Some(thread) = self.thread.take()
        {
            drop(thread.join());
        }
    }
}
