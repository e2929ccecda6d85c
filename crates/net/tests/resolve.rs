//! Names against a DNS server of our own: every address, and each way of having none told apart.

#![expect(clippy::unwrap_used, reason = "a test that cannot build its world must fail")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};
use model::Name;
use model::observation::Failure;
use net::{Caps, Families, Network, Permits, Settings};
use tokio::net::UdpSocket;

fn caa(tag: &str, value: &str) -> RData {
    let mut caa = hickory_proto::rr::rdata::CAA::new_issue(false, None, Vec::new());
    caa.tag = tag.to_owned();
    caa.value = value.as_bytes().to_vec();
    RData::CAA(caa)
}

/// Answers until dropped: `both.test` has two A and one AAAA, `v4.test` one A, `empty.test` nothing, `broken.test`
/// SERVFAIL, `silent.test` no answer at all, and every other name does not exist.
async fn server() -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut buffer = [0; 1500];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
            let query = Message::from_vec(buffer.get(..length).unwrap()).unwrap();
            if let Some(answer) = answer(&query) {
                socket.send_to(&answer.to_vec().unwrap(), peer).await.unwrap();
            }
        }
    });
    (address, task)
}

fn answer(query: &Message) -> Option<Message> {
    let question = query.queries.first().unwrap().clone();
    let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    answer.metadata.recursion_desired = true;
    answer.metadata.recursion_available = true;
    let v4 = |last| RData::A(Ipv4Addr::new(192, 0, 2, last).into());
    let records = match (question.name().to_ascii().as_str(), question.query_type()) {
        ("both.test.", RecordType::A) => vec![v4(2), v4(1)],
        ("both.test.", RecordType::AAAA) => {
            vec![RData::AAAA(Ipv6Addr::from_bits(0x2001_0db8 << 96 | 1).into())]
        }
        ("v4.test.", RecordType::A) => vec![v4(4)],
        ("caa.test.", RecordType::CAA) => vec![caa("issue", "ca.example; a=b"), caa("iodef", "mailto:a@b")],
        ("v4.test." | "empty.test." | "caa.test.", _) => Vec::new(),
        ("silent.test.", _) => return None,
        ("broken.test.", _) => {
            answer.metadata.response_code = ResponseCode::ServFail;
            Vec::new()
        }
        _ => {
            answer.metadata.response_code = ResponseCode::NXDomain;
            Vec::new()
        }
    };
    for data in records {
        answer.add_answer(Record::from_rdata(question.name().clone(), 60, data));
    }
    answer.add_query(question);
    Some(answer)
}

async fn resolve(name: &str, families: Families) -> Result<Vec<IpAddr>, Failure> {
    let (address, task) = server().await;
    let settings = Settings {
        resolvers: vec![address],
        families,
        connect_timeout: Duration::from_secs(1),
    };
    let network = Network::new(settings, Permits::new(Caps::default()));
    let resolution = network.resolve(&Name::parse(name).unwrap()).await;
    task.abort();
    resolution.addresses
}

#[tokio::test]
async fn every_address_of_both_families_in_order() {
    let both = resolve("both.test", Families::Both).await.unwrap();
    let shown: Vec<String> = both.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
    assert_eq!(resolve("both.test", Families::V6).await.unwrap().len(), 1);
    assert_eq!(resolve("both.test", Families::V4).await.unwrap().len(), 2);
}

#[tokio::test]
async fn one_family_is_enough() {
    assert_eq!(
        resolve("v4.test", Families::Both).await.unwrap(),
        [IpAddr::from([192, 0, 2, 4])]
    );
}

#[tokio::test]
async fn each_way_of_having_no_address_is_told_apart() {
    assert_eq!(
        resolve("nowhere.test", Families::Both).await,
        Err(Failure::NameUnknown)
    );
    assert_eq!(
        resolve("empty.test", Families::Both).await,
        Err(Failure::NoAddress)
    );
    assert_eq!(resolve("v4.test", Families::V6).await, Err(Failure::NoAddress));
    let broken = resolve("broken.test", Families::Both).await;
    assert!(
        matches!(broken, Err(Failure::ResolverFailed { .. })),
        "{broken:?}"
    );
    assert_eq!(
        resolve("silent.test", Families::Both).await,
        Err(Failure::TimedOut)
    );
}

#[tokio::test]
async fn localhost_needs_no_server() {
    let found = resolve("localhost", Families::Both).await.unwrap();
    assert!(found.contains(&IpAddr::from([127, 0, 0, 1])), "{found:?}");
}

#[test]
fn authorities_are_those_of_the_nearest_name_above() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (address, task) = server().await;
        let settings = Settings {
            resolvers: vec![address],
            ..Settings::default()
        };
        let network = Network::new(settings, Permits::new(Caps::default()));
        let asked = async |name: &str| network.caa(&Name::parse(name).unwrap()).await;
        let found = asked("a.b.caa.test").await.unwrap();
        assert_eq!(found.at, Some(Name::parse("caa.test").unwrap()));
        assert_eq!(found.issuers(false), Some(vec!["ca.example"]));
        assert_eq!(asked("caa.test").await.unwrap(), found);
        let none = asked("empty.test").await.unwrap();
        assert_eq!(
            (none.at.clone(), none.issuers(false)),
            (None, None),
            "everybody may issue"
        );
        assert!(matches!(
            asked("broken.test").await,
            Err(Failure::ResolverFailed { .. })
        ));
        task.abort();
    });
}
