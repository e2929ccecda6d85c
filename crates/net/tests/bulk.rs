//! Many names asked of a server of our own: each once, and each way of having no address told apart.

#![expect(clippy::unwrap_used, reason = "a test that cannot build its world must fail")]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::{Name as Dns, RData, Record, RecordType, rdata};
use model::observation::Failure;
use model::zone::Domain;
use net::{Caps, Families, Network, Permits, Settings};
use tokio::net::UdpSocket;

/// Answers until dropped, and counts: `host-N.test` has an address, `alias.test` leads to `host-1.test`, `empty.test` has none,
/// `broken.test` is SERVFAIL, `silent.test` is never answered, `spoofed.test` is first answered by somebody who guesses, others do
/// not exist.
async fn server() -> (SocketAddr, Arc<AtomicU64>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
            count.fetch_add(1, Ordering::Relaxed);
            let query = Message::from_vec(buffer.get(..length).unwrap()).unwrap();
            for answer in answers(&query) {
                socket.send_to(&answer.to_vec().unwrap(), peer).await.unwrap();
            }
        }
    });
    (address, asked)
}

fn answers(query: &Message) -> Vec<Message> {
    let question = query.queries.first().unwrap().clone();
    let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    answer.add_query(question.clone());
    let name = question.name().to_ascii();
    let is_a = question.query_type() == RecordType::A;
    let address = |last| RData::A(Ipv4Addr::new(192, 0, 2, last).into());
    let mut add = |owner: &Dns, data| {
        answer.add_answer(Record::from_rdata(owner.clone(), 60, data));
    };
    match name.as_str() {
        "silent.test." => return Vec::new(),
        "broken.test." => answer.metadata.response_code = ResponseCode::ServFail,
        "empty.test." => {}
        "alias.test." => {
            let target = Dns::from_ascii("host-1.test.").unwrap();
            add(question.name(), RData::CNAME(rdata::CNAME(target.clone())));
            // Of another name: passed over.
            add(&Dns::from_ascii("other.test.").unwrap(), address(99));
            if is_a {
                add(&target, address(1));
            }
        }
        "spoofed.test." if is_a => {
            let mut forged = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
            forged.add_query(hickory_proto::op::Query::query(
                Dns::from_ascii("elsewhere.test.").unwrap(),
                RecordType::A,
            ));
            forged.add_answer(Record::from_rdata(question.name().clone(), 60, address(66)));
            add(question.name(), address(7));
            return vec![forged, answer];
        }
        "spoofed.test." => {}
        name if name.starts_with("host-") => {
            if is_a {
                add(question.name(), address(1));
            }
        }
        _ => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    vec![answer]
}

async fn resolve(
    names: Vec<Domain>,
    families: Families,
) -> (BTreeMap<String, Result<Vec<IpAddr>, Failure>>, u64, u64) {
    let (address, asked) = server().await;
    let settings = Settings {
        resolvers: vec![address],
        families,
        ..Settings::default()
    };
    let network = Network::new(settings, Permits::new(Caps::default()));
    let mut found = BTreeMap::new();
    let sum = network
        .resolve_all(names, &mut |name, answer| {
            let answer = answer.map(<[IpAddr]>::to_vec).map_err(Clone::clone);
            assert!(found.insert(name.to_string(), answer).is_none(), "{name} twice");
        })
        .await;
    (found, sum.questions, asked.load(Ordering::Relaxed))
}

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

#[tokio::test]
async fn a_thousand_names_are_two_thousand_questions() {
    let names = (0..1000)
        .map(|number| name(&format!("host-{number}.test")))
        .collect();
    let (found, questions, asked) = resolve(names, Families::Both).await;
    assert_eq!((found.len(), questions, asked), (1000, 2000, 2000));
    assert!(
        found
            .values()
            .all(|answer| answer.as_ref().is_ok_and(|addresses| addresses.len() == 1))
    );
    let names = (0..100)
        .map(|number| name(&format!("host-{number}.test")))
        .collect();
    assert_eq!(resolve(names, Families::V4).await.1, 100);
}

#[tokio::test]
async fn each_way_of_having_no_address_is_told_apart() {
    let all = [
        "host-1.test",
        "alias.test",
        "empty.test",
        "missing.test",
        "broken.test",
        "silent.test",
        "spoofed.test",
        "localhost",
    ];
    let (found, ..) = resolve(all.map(name).to_vec(), Families::Both).await;
    let of = |name: &str| found[&format!("{name}.")].clone();
    assert_eq!(of("host-1.test"), Ok(vec![IpAddr::from([192, 0, 2, 1])]));
    assert_eq!(of("alias.test"), of("host-1.test"));
    assert_eq!(of("empty.test"), Err(Failure::NoAddress));
    assert_eq!(of("missing.test"), Err(Failure::NameUnknown));
    assert!(matches!(of("broken.test"), Err(Failure::ResolverFailed { .. })));
    assert_eq!(of("silent.test"), Err(Failure::TimedOut));
    assert_eq!(of("spoofed.test"), Ok(vec![IpAddr::from([192, 0, 2, 7])]));
    assert!(of("localhost").unwrap().contains(&IpAddr::from([127, 0, 0, 1])));
}

#[tokio::test]
async fn a_resolver_that_is_not_there_costs_time_and_no_more() {
    let nobody = UdpSocket::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let (address, _) = server().await;
    let settings = Settings {
        resolvers: vec![nobody, address],
        ..Settings::default()
    };
    let network = Network::new(settings, Permits::new(Caps::default()));
    let mut found = Vec::new();
    network
        .resolve_all(vec![name("host-1.test")], &mut |_, answer| {
            found.push(answer.is_ok())
        })
        .await;
    assert_eq!(found, [true]);
}
