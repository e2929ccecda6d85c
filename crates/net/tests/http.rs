//! The HTTP client against servers that behave and servers that do not.

#![expect(clippy::unwrap_used, reason = "a test that cannot build its world must fail")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use model::http::{HttpError, UrlFault};
use net::http::{Bounds, Client, Response};
use net::{Caps, Network, Permits, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a server does with each of its connections, once the request's header is read.
type Act = fn(TcpStream, SocketAddr) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

struct Server {
    address: SocketAddr,
    /// Requests that were read.
    asked: Arc<AtomicUsize>,
}

async fn server(act: Act) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                let mut piece = [0; 1024];
                match stream.read(&mut piece).await {
                    Ok(0) | Err(_) => break,
                    Ok(length) => request.extend_from_slice(piece.get(..length).unwrap()),
                }
            }
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(act(stream, address));
        }
    });
    Server { address, asked }
}

async fn say(mut stream: TcpStream, bytes: impl AsRef<[u8]>) {
    // Whoever reads may have had enough.
    drop(stream.write_all(bytes.as_ref()).await);
    drop(stream.shutdown().await);
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn network() -> Network {
    Network::new(Settings::default(), Permits::new(Caps::default()))
}

/// Only what this machine serves at 127.0.0.1 is allowed.
fn client() -> Arc<Client> {
    Client::new(vec!["127.0.0.1/32".parse().unwrap()])
}

const SMALL: Bounds = Bounds {
    body_bytes: 1024,
    within: Duration::from_secs(2),
};

async fn get(url: &str) -> Result<Response, HttpError> {
    client().get(&network(), url, SMALL).await
}

async fn get_from(act: Act) -> Result<Response, HttpError> {
    let server = server(act).await;
    get(&format!("http://{}/a", server.address)).await
}

fn body(answer: Result<Response, HttpError>) -> Vec<u8> {
    answer.unwrap().success().unwrap()
}

#[test]
fn a_body_is_read_whole_however_it_is_framed() {
    run(async {
        let counted: Act =
            |stream, _| Box::pin(say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"));
        assert_eq!(body(get_from(counted).await), b"abcd");
        let chunked: Act = |stream, _| {
            let text =
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2;x=y\r\ncd\r\n0\r\n\r\n";
            Box::pin(say(stream, text))
        };
        assert_eq!(body(get_from(chunked).await), b"abcd");
        let to_the_end: Act = |stream, _| Box::pin(say(stream, "HTTP/1.0 200 OK\r\n\r\nabcd"));
        assert_eq!(body(get_from(to_the_end).await), b"abcd");
    });
}

#[test]
fn what_is_sent_names_us_and_nothing_else() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let reader = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"body") {
                let mut piece = [0; 1024];
                let length = stream.read(&mut piece).await.unwrap();
                assert_ne!(length, 0, "the request ended early");
                request.extend_from_slice(piece.get(..length).unwrap());
            }
            say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            String::from_utf8(request).unwrap().to_ascii_lowercase()
        });
        let url = format!("http://{address}/p?q");
        let sent = ("application/ocsp-request", b"body".as_slice());
        let answer = client().post(&network(), &url, sent, SMALL).await;
        assert_eq!(answer.unwrap().status, 200);
        let request = reader.await.unwrap();
        assert!(request.starts_with("post /p?q http/1.1\r\n"), "{request}");
        assert!(request.contains(&format!("host: {address}\r\n")), "{request}");
        assert!(request.contains("user-agent: nolapse/"), "{request}");
        assert!(request.contains("content-length: 4\r\n"), "{request}");
        for absent in ["cookie", "authorization", "accept-encoding", "referer"] {
            assert!(!request.contains(absent), "{request}");
        }
    });
}

#[test]
fn a_redirect_inside_is_not_followed_without_leave() {
    run(async {
        let inside: Act = |stream, _| {
            let text =
                "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/\r\nContent-Length: 0\r\n\r\n";
            Box::pin(say(stream, text))
        };
        let refused = get_from(inside).await;
        assert_eq!(
            refused,
            Err(HttpError::Forbidden {
                address: [169, 254, 169, 254].into()
            })
        );
        let file: Act = |stream, _| {
            Box::pin(say(
                stream,
                "HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\n\r\n",
            ))
        };
        assert_eq!(get_from(file).await, Err(HttpError::Url(UrlFault::Scheme)));
    });
}

#[test]
fn without_leave_this_machine_is_not_dialled_under_any_name() {
    run(async {
        let silent: Act = |stream, _| Box::pin(say(stream, "HTTP/1.1 200 OK\r\n\r\n"));
        let server = server(silent).await;
        let port = server.address.port();
        let strict = Client::new(Vec::new());
        for host in [
            "127.0.0.1",
            "localhost",
            "0x7f.1",
            "2130706433",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            let answer = strict
                .get(&network(), &format!("http://{host}:{port}/"), SMALL)
                .await;
            assert!(
                matches!(answer, Err(HttpError::Forbidden { .. })),
                "{host}: {answer:?}"
            );
        }
        assert_eq!(server.asked.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn redirects_come_to_an_end() {
    run(async {
        let around: Act = |stream, here| {
            let text =
                format!("HTTP/1.1 302 Found\r\nLocation: http://{here}/b\r\nContent-Length: 0\r\n\r\n");
            Box::pin(say(stream, text))
        };
        let server = server(around).await;
        let answer = get(&format!("http://{}/a", server.address)).await;
        assert_eq!(answer, Err(HttpError::Redirects { limit: 2 }));
        assert_eq!(server.asked.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn an_endless_or_announced_giant_is_cut_off() {
    run(async {
        let endless: Act = |mut stream, _| {
            Box::pin(async move {
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await);
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            })
        };
        assert_eq!(get_from(endless).await, Err(HttpError::TooLarge { limit: 1024 }));
        let announced: Act = |stream, _| {
            Box::pin(say(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            ))
        };
        assert_eq!(
            get_from(announced).await,
            Err(HttpError::TooLarge { limit: 1024 })
        );
        let header: Act = |mut stream, _| {
            Box::pin(async move {
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").await);
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            })
        };
        let answer = get_from(header).await;
        assert!(matches!(answer, Err(HttpError::Broken { .. })), "{answer:?}");
    });
}

#[test]
fn a_drip_and_a_tarpit_end_in_time() {
    run(async {
        let drip: Act = |mut stream, _| {
            Box::pin(async move {
                drop(
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                        .await,
                );
                while stream.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            })
        };
        let tarpit: Act = |stream, _| {
            Box::pin(async move {
                std::future::pending::<()>().await;
                drop(stream);
            })
        };
        for act in [drip, tarpit] {
            let server = server(act).await;
            let short = Bounds {
                within: Duration::from_millis(150),
                ..SMALL
            };
            let url = format!("http://{}/", server.address);
            let answer = client().get(&network(), &url, short).await;
            assert_eq!(answer, Err(HttpError::TimedOut));
        }
    });
}

#[test]
fn half_an_answer_is_none() {
    run(async {
        for act in [
            (|stream, _| Box::pin(say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcd"))) as Act,
            |stream, _| {
                Box::pin(say(
                    stream,
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nab",
                ))
            },
            |stream, _| {
                Box::pin(say(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                ))
            },
            |stream, _| Box::pin(say(stream, "SSH-2.0-OpenSSH_9.9\r\n")),
            |stream, _| Box::pin(say(stream, "")),
        ] {
            let answer = get_from(act).await;
            assert!(matches!(answer, Err(HttpError::Broken { .. })), "{answer:?}");
        }
    });
}

#[test]
fn a_compressed_body_stays_compressed_and_other_statuses_are_no_success() {
    run(async {
        let gzip: Act = |stream, _| {
            let mut bytes =
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n".to_vec();
            bytes.extend([0x1f, 0x8b, 8, 0]);
            Box::pin(say(stream, bytes))
        };
        assert_eq!(
            body(get_from(gzip).await),
            [0x1f, 0x8b, 8, 0],
            "nothing is inflated"
        );
        let missing: Act =
            |stream, _| Box::pin(say(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
        let answer = get_from(missing).await.unwrap();
        assert_eq!(answer.success(), Err(HttpError::Status(404)));
    });
}

#[test]
fn nobody_there_and_no_such_name() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let answer = get(&format!("http://{address}/")).await;
        let refused = HttpError::Unreachable(model::observation::Failure::Refused);
        assert_eq!(answer, Err(refused));
        // What does not speak TLS is no https server.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let plain = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            say(stream, "HTTP/1.1 400 Bad Request\r\n\r\n").await;
        });
        let answer = get(&format!("https://{address}/")).await;
        assert!(matches!(answer, Err(HttpError::Tls { .. })), "{answer:?}");
        plain.await.unwrap();
    });
}

#[test]
fn waiting_for_our_own_turn_is_not_held_against_the_server() {
    run(async {
        let slow: Act = |stream, _| {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(120)).await;
                say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na").await;
            })
        };
        let server = server(slow).await;
        let caps = Caps {
            per_address: 1,
            ..Caps::default()
        };
        let network = Arc::new(Network::new(Settings::default(), Permits::new(caps)));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (network, url) = (Arc::clone(&network), format!("http://{}/", server.address));
            tasks.spawn(async move {
                let bounds = Bounds {
                    within: Duration::from_millis(300),
                    ..SMALL
                };
                client().get(&network, &url, bounds).await
            });
        }
        for answer in tasks.join_all().await {
            assert_eq!(body(answer), b"a");
        }
    });
}
