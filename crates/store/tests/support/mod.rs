//! What the tests of the store share: databases of both kinds, and everything in a store as text.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test uses a part, and which parts differs from test to test"
)]

pub(crate) mod synthetic;

use std::path::PathBuf;

use model::Fingerprint;
use model::inventory::RowId;
use store::{Address, Opening, Store};
use tempfile::TempDir;
use testkit::servers::postgres::Cluster;

use synthetic::day;

/// A SQLite file in a folder of its own.
pub(crate) struct File {
    folder: TempDir,
}

impl File {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.at("nolapse.db")
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn address(&self) -> Address {
        Address::parse(self.path().to_str().unwrap()).unwrap()
    }
}

/// Opens for writing.
pub(crate) fn open(address: &Address) -> Store {
    Store::open_blocking(address, &Opening::at(day(300))).unwrap()
}

/// Makes an empty database in a cluster.
pub(crate) async fn database(cluster: &Cluster, name: &str) -> Address {
    let (client, connection) = tokio_postgres::connect(&cluster.url("postgres"), tokio_postgres::NoTls)
        .await
        .unwrap();
    let driver = tokio::spawn(connection);
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
    Address::parse(&cluster.url(name)).unwrap()
}

/// Everything in a store, line by line, sorted, without numbers that depend on the order of arrival, and without what
/// is no inventory (whose turn it is, how many looks were taken in).
pub(crate) async fn dump(store: &Store) -> Vec<String> {
    let mut lines = Vec::new();
    const PAGE: u32 = 7;
    let mut after = RowId::START;
    loop {
        let rows = store.certificates(after, PAGE).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = last.id;
        for mut row in rows {
            row.id = RowId::START;
            let der = store.der(row.fingerprint).await.unwrap().unwrap();
            assert_eq!(
                Fingerprint::of(&der),
                row.fingerprint,
                "the bytes are the certificate's"
            );
            lines.push(format!("{row:?}"));
        }
    }
    after = RowId::START;
    loop {
        let rows = store.claims(after, PAGE).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = last.id;
        lines.extend(rows.into_iter().map(|mut row| {
            row.id = RowId::START;
            format!("{row:?}")
        }));
    }
    after = RowId::START;
    loop {
        let rows = store.endpoints(after, PAGE).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = last.id;
        lines.extend(rows.into_iter().map(|mut row| {
            row.id = RowId::START;
            row.leaf_id = None;
            format!("{row:?}")
        }));
    }
    after = RowId::START;
    loop {
        let rows = store.histories(after, PAGE).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = last.id;
        lines.extend(rows.into_iter().map(|mut row| {
            row.id = RowId::START;
            format!("{row:?}")
        }));
    }
    rest(store, &mut lines).await;
    lines.sort();
    lines
}

async fn rest(store: &Store, lines: &mut Vec<String>) {
    const PAGE: u32 = 7;
    let mut after = RowId::START;
    loop {
        let rows = store.places(after, PAGE).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = last.id;
        lines.extend(rows.into_iter().map(|mut row| {
            row.id = RowId::START;
            format!("{row:?}")
        }));
    }
    after = RowId::START;
    loop {
        let rows = store.names(after, PAGE).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = last.id;
        lines.extend(rows.into_iter().map(|mut row| {
            row.id = RowId::START;
            format!("{row:?}")
        }));
    }
    for source in store.sources().await.unwrap() {
        let runs = store.runs(&source.source, 1000).await.unwrap();
        lines.push(format!("{source:?} {runs:?}"));
    }
    let mut counters = store.counters().await.unwrap();
    counters.looks = 0;
    lines.push(format!("{counters:?}"));
}
