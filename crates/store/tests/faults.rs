//! What is wrong with a database is said in words, and nothing that was known is lost by it (D3, D5, D9).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use model::inventory::{Look, RowId};
use store::{Address, Error, Opening, Store, Trouble};
use support::synthetic::{day, in_order, leaf, look, place};
use support::{File, database, dump, open};
use testkit::servers::postgres::Cluster;

fn looks(count: u32) -> Vec<Look> {
    let looks = (0..count).map(|number| {
        let name = format!("n{number}.example");
        let chain = [leaf(u64::from(number), &[&name], 0)];
        look(&place(&name, number), day(1), in_order(), &chain)
    });
    looks.collect()
}

fn refused(address: &Address) -> Error {
    match Store::open_blocking(address, &Opening::at(day(300))) {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    }
}

fn read(address: &Address) -> Result<Store, Error> {
    Store::open_blocking(address, &Opening::at(day(300)).reading())
}

/// What SQLite's own shell would do to a file.
fn sql(file: &File, sql: &str) {
    rusqlite::Connection::open(file.path())
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

#[tokio::test]
async fn a_database_from_the_future_is_left_alone() {
    let file = File::new();
    drop(open(&file.address()));
    sql(&file, "PRAGMA user_version = 99");
    let error = refused(&file.address());
    assert!(
        matches!(error.trouble, Trouble::Future { found: 99, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("nolapse.db"), "{error}");
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let file = File::new();
    sql(&file, "CREATE TABLE bookmarks (url TEXT)");
    assert_eq!(refused(&file.address()).trouble, Trouble::Foreign);
    fs::write(
        file.at("text"),
        "not a database, and long enough to have a header of one hundred bytes ".repeat(40),
    )
    .unwrap();
    let text = Address::parse(file.at("text").to_str().unwrap()).unwrap();
    assert_eq!(refused(&text).trouble, Trouble::Foreign);
    assert!(read(&file.address()).is_err_and(|error| error.trouble == Trouble::Foreign));
}

#[test]
fn what_is_not_there_is_not_made_by_reading() {
    let file = File::new();
    let error = read(&file.address()).map(drop).unwrap_err();
    assert_eq!(error.trouble, Trouble::Missing);
    assert!(!file.path().exists());
    let nowhere = Address::parse(file.at("no/such/folder/x.db").to_str().unwrap()).unwrap();
    assert!(matches!(refused(&nowhere).trouble, Trouble::Forbidden { .. }));
}

#[tokio::test]
async fn a_truncated_file_is_said_to_be_damaged() {
    let file = File::new();
    let store = open(&file.address());
    store.ingest(looks(200), Vec::new(), None).await.unwrap();
    store.backup(&file.at("copy.db")).await.unwrap();
    let bytes = fs::read(file.at("copy.db")).unwrap();
    fs::write(file.at("cut.db"), bytes.get(..bytes.len() / 3).unwrap()).unwrap();
    let cut = Address::parse(file.at("cut.db").to_str().unwrap()).unwrap();
    let opened = Store::open_blocking(&cut, &Opening::at(day(300)));
    let error = match opened {
        Err(error) => error,
        Ok(store) => store.check().await.unwrap_err(),
    };
    assert!(matches!(error.trouble, Trouble::Damaged { .. }), "{error}");
    let into = Address::parse(file.at("restored.db").to_str().unwrap()).unwrap();
    let error = Store::restore_blocking(&file.at("cut.db"), &into, &Opening::at(day(300)))
        .map(drop)
        .unwrap_err();
    assert!(matches!(error.trouble, Trouble::Damaged { .. }), "{error}");
    assert!(!file.at("restored.db").exists());
}

#[tokio::test]
async fn who_is_locked_out_is_told_and_may_come_again() {
    let file = File::new();
    let store = open(&file.address());
    let other = rusqlite::Connection::open(file.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.ingest(looks(1), Vec::new(), None).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Locked);
    assert!(error.trouble.is_passing());
    assert_eq!(store.counters().await.unwrap().looks, 0, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    store.ingest(looks(1), Vec::new(), None).await.unwrap();
    assert_eq!(store.counters().await.unwrap().looks, 1);
}

/// A file system that is really full: a small one in memory, which root may mount.
struct SmallDisk {
    file: File,
}

impl SmallDisk {
    fn mounted(kib: u32) -> Option<Self> {
        if !testkit::folder::is_root() {
            return None;
        }
        let file = File::new();
        let size = format!("size={kib}k");
        let folder = file.path().with_file_name("disk");
        fs::create_dir(&folder).unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&folder)
            .status()
            .is_ok_and(|status| status.success());
        mounted.then_some(Self { file })
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.file.at("disk").join(name)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(
            std::process::Command::new("umount")
                .arg("--lazy")
                .arg(self.file.at("disk"))
                .status(),
        );
    }
}

/// Ingests until it fails; says how many looks were acknowledged, and why it ended.
async fn fill(store: &Store) -> (u32, Error) {
    let mut kept = 0_u32;
    loop {
        let batch = looks(kept + 50).split_off(kept.try_into().unwrap());
        match store.ingest(batch, Vec::new(), None).await {
            Ok(()) => kept += 50,
            Err(error) => return (kept, error),
        }
        assert!(kept < 5_000, "it never fills");
    }
}

#[tokio::test]
async fn a_file_that_may_not_grow_loses_nothing() {
    let file = File::new();
    let bounded = Opening {
        most_bytes: Some(600 * 1024),
        ..Opening::at(day(300))
    };
    let store = Store::open_blocking(&file.address(), &bounded).unwrap();
    let (kept, error) = fill(&store).await;
    assert_eq!(error.trouble, Trouble::Full);
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert!(kept > 0);
    let places = store.counters().await.unwrap().places;
    assert_eq!(
        places,
        u64::from(kept),
        "all that was acknowledged, and nothing else"
    );
    store.check().await.unwrap();
    drop(store);
    let store = open(&file.address());
    store.ingest(looks(kept + 50), Vec::new(), None).await.unwrap();
    assert_eq!(store.counters().await.unwrap().places, u64::from(kept + 50));
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_writing_goes_on_when_there_is_room() {
    // Only root may mount; for others the case above has to do.
    let Some(disk) = SmallDisk::mounted(6 * 1024) else {
        return;
    };
    let path = disk.at("nolapse.db");
    let ballast = disk.at("ballast");
    fs::write(&ballast, vec![0; 2 * 1024 * 1024]).unwrap();
    let store = open(&Address::parse(path.to_str().unwrap()).unwrap());
    let (kept, error) = fill(&store).await;
    assert_eq!(error.trouble, Trouble::Full);
    assert!(kept > 0);
    let places = store.counters().await.unwrap().places;
    assert_eq!(
        places,
        u64::from(kept),
        "all that was acknowledged, and nothing else"
    );
    store.check().await.unwrap();
    let copy = disk.at("copy.db");
    let error = store.backup(&copy).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Full);
    assert!(
        !copy.exists() && !disk.at("copy.db.part").exists(),
        "no half of a backup"
    );
    fs::remove_file(&ballast).unwrap();
    store.ingest(looks(kept + 50), Vec::new(), None).await.unwrap();
    assert_eq!(store.counters().await.unwrap().places, u64::from(kept + 50));
    store.check().await.unwrap();
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from its beginning to its end")]
async fn what_may_only_be_read_is_read_and_not_written() {
    let disk = SmallDisk::mounted(20 * 1024);
    let file = File::new();
    let path = disk
        .as_ref()
        .map_or_else(|| file.path(), |disk| disk.at("nolapse.db"));
    let address = Address::parse(path.to_str().unwrap()).unwrap();
    let store = open(&address);
    store.ingest(looks(10), Vec::new(), None).await.unwrap();
    let reader = read(&address).unwrap();
    assert_eq!(dump(&reader).await, dump(&store).await, "beside the writer");
    let error = reader.ingest(looks(11), Vec::new(), None).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::ReadOnly);
    drop(reader);
    if let Some(disk) = &disk {
        let folder = disk.at("");
        let remount = |how: &str| {
            let status = std::process::Command::new("mount")
                .args(["-o", how])
                .arg(&folder)
                .status();
            assert!(status.is_ok_and(|status| status.success()));
        };
        let copy = disk.at("copy.db");
        store.backup(&copy).await.unwrap();
        drop(store);
        let copy = Address::parse(copy.to_str().unwrap()).unwrap();
        // A descriptor that is open for writing forbids it; the threads of the store close theirs as they end.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        loop {
            let status = std::process::Command::new("mount")
                .args(["-o", "remount,ro"])
                .arg(&folder)
                .stderr(std::process::Stdio::null())
                .status();
            if status.is_ok_and(|status| status.success()) {
                break;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "the threads of the store do not end"
            );
            std::thread::yield_now();
        }
        let error = refused(&copy);
        assert!(
            matches!(error.trouble, Trouble::ReadOnly | Trouble::Forbidden { .. }),
            "{error}"
        );
        assert_eq!(read(&copy).unwrap().counters().await.unwrap().places, 10);
        remount("remount,rw");
    }
    let locked = file.at("locked.db");
    fs::write(&locked, "").unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o400)).unwrap();
    if !testkit::folder::is_root() {
        let address = Address::parse(locked.to_str().unwrap()).unwrap();
        let error = refused(&address);
        assert!(
            matches!(error.trouble, Trouble::ReadOnly | Trouble::Forbidden { .. }),
            "{error}"
        );
    }
}

/// A file of the schema before the present one, with something in it.
fn older(file: &File) {
    sql(file, include_str!("../migrations/sqlite/0001_inventory.sql"));
    sql(
        file,
        "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x6e6c7073; PRAGMA user_version = 1;
         INSERT INTO setting (key, value) VALUES ('kept', 'yes');
         INSERT INTO name (name) VALUES ('a.example')",
    );
}

#[tokio::test]
async fn an_older_schema_is_brought_up_after_a_backup() {
    let file = File::new();
    older(&file);
    assert!(
        read(&file.address()).is_err_and(|error| matches!(error.trouble, Trouble::Past { found: 1, .. }))
    );
    let store = open(&file.address());
    assert_eq!(store.setting("kept").await.unwrap().as_deref(), Some("yes"));
    store.ingest(looks(3), Vec::new(), None).await.unwrap();
    let backup = store.backup_made().unwrap().to_owned();
    assert!(
        backup.to_str().unwrap().contains("schema-1"),
        "{}",
        backup.display()
    );
    let kept = rusqlite::Connection::open(&backup).unwrap();
    let version: i64 = kept
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 1, "the backup is of the schema before");
    drop(kept);
    let into = Address::parse(file.at("restored.db").to_str().unwrap()).unwrap();
    let restored = Store::restore_blocking(&backup, &into, &Opening::at(day(301))).unwrap();
    assert_eq!(restored.setting("kept").await.unwrap().as_deref(), Some("yes"));
    assert_eq!(restored.counters().await.unwrap().places, 0);
    assert!(open(&file.address()).backup_made().is_none(), "once");
}

#[tokio::test]
async fn without_a_backup_the_schema_is_not_touched() {
    let file = File::new();
    older(&file);
    // The name of the backup is taken.
    let stamp = day(300).strftime("%Y%m%dT%H%M%SZ").to_string();
    fs::write(file.at(&format!("nolapse.db.schema-1-{stamp}.backup")), "").unwrap();
    assert!(matches!(
        refused(&file.address()).trouble,
        Trouble::NoBackup { .. }
    ));
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    let version: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 1);
}

#[tokio::test]
async fn a_backup_is_whole_and_can_be_restored_while_looks_come_in() {
    let file = File::new();
    let store = open(&file.address());
    store.ingest(looks(300), Vec::new(), None).await.unwrap();
    let before = dump(&store).await;
    let writing = store.clone();
    let writer = tokio::spawn(async move {
        for number in 300..400 {
            let one = looks(number + 1).split_off(number.try_into().unwrap());
            writing.ingest(one, Vec::new(), None).await.unwrap();
        }
    });
    let copy = file.at("copy.db");
    store.backup(&copy).await.unwrap();
    assert_eq!(store.backup(&copy).await.unwrap_err().trouble, Trouble::NotEmpty);
    writer.await.unwrap();
    let into = Address::parse(file.at("restored.db").to_str().unwrap()).unwrap();
    let restored = Store::restore_blocking(&copy, &into, &Opening::at(day(301))).unwrap();
    restored.check().await.unwrap();
    let after = restored.counters().await.unwrap();
    assert!((300..=400).contains(&after.places));
    let rows = restored.places(RowId::START, 1000).await.unwrap();
    assert_eq!(
        rows.len() as u64,
        after.places,
        "counters and rows are of one moment"
    );
    drop(before);
    assert!(
        Store::restore_blocking(&copy, &into, &Opening::at(day(301))).is_err(),
        "never over something"
    );
}

/// D5: the same batch five times, in other orders, from two connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_batch_five_times_from_two_sides_counts_once() {
    let cluster = Cluster::start();
    let postgres = database(&cluster, "five").await;
    let file = File::new();
    for address in [file.address(), postgres] {
        let (one, other) = tokio::task::spawn_blocking(move || (open(&address), open(&address)))
            .await
            .unwrap();
        let mut batch = looks(300);
        let mut later = looks(300);
        later.iter_mut().for_each(|look| look.at = day(2));
        batch.extend(later);
        one.ingest(batch.clone(), Vec::new(), None).await.unwrap();
        let once = dump(&one).await;
        let mut tasks = Vec::new();
        for round in 0..5_usize {
            batch.rotate_left(round * 97 + 1);
            if round % 2 == 1 {
                batch.reverse();
            }
            let (store, batch) = (
                if round % 2 == 0 {
                    one.clone()
                } else {
                    other.clone()
                },
                batch.clone(),
            );
            tasks.push(tokio::spawn(async move {
                store.ingest(batch, Vec::new(), None).await
            }));
        }
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(dump(&other).await, once);
    }
}

/// The troubles of a server, and a schema before the present one there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one story from its beginning to its end")]
async fn a_server_says_what_is_wrong_too() {
    let cluster = Cluster::start();
    let open_at = |address: Address, opening: Opening| {
        tokio::task::spawn_blocking(move || {
            Store::open_blocking(&address, &opening)
                .map_err(|error| (error.trouble.clone(), error.to_string()))
        })
    };
    let opening = Opening::at(day(300));
    let nobody = Address::parse("postgres://nolapse@127.0.0.1:1/x").unwrap();
    let (trouble, _) = open_at(nobody, opening.clone())
        .await
        .unwrap()
        .map(drop)
        .unwrap_err();
    assert!(matches!(trouble, Trouble::Unreachable { .. }), "{trouble:?}");
    let wrong = Address::parse(&cluster.url("no_such_database")).unwrap();
    let (trouble, said) = open_at(wrong, opening.clone())
        .await
        .unwrap()
        .map(drop)
        .unwrap_err();
    assert!(
        matches!(trouble, Trouble::Refused { .. }) && said.contains("no_such_database"),
        "{said}"
    );
    let address = database(&cluster, "older").await;
    let (client, connection) = tokio_postgres::connect(&cluster.url("older"), tokio_postgres::NoTls)
        .await
        .unwrap();
    let driver = tokio::spawn(connection);
    client
        .batch_execute("CREATE TABLE bookmarks (url TEXT)")
        .await
        .unwrap();
    let (trouble, _) = open_at(address.clone(), opening.clone())
        .await
        .unwrap()
        .map(drop)
        .unwrap_err();
    assert_eq!(trouble, Trouble::Foreign);
    let first = include_str!("../migrations/postgres/0001_inventory.sql");
    client.batch_execute("DROP TABLE bookmarks").await.unwrap();
    client.batch_execute(first).await.unwrap();
    client
        .batch_execute(
            "CREATE TABLE nolapse_schema (one BIGINT PRIMARY KEY, version BIGINT NOT NULL);
             INSERT INTO nolapse_schema VALUES (1, 1);
             INSERT INTO setting (key, value) VALUES ('kept', 'yes')",
        )
        .await
        .unwrap();
    let (trouble, _) = open_at(address.clone(), opening.clone())
        .await
        .unwrap()
        .map(drop)
        .unwrap_err();
    assert!(matches!(trouble, Trouble::NoBackup { .. }), "{trouble:?}");
    let file = File::new();
    let with_folder = Opening {
        backups: Some(file.at("")),
        ..opening.clone()
    };
    let store = open_at(address.clone(), with_folder).await.unwrap().unwrap();
    assert_eq!(store.setting("kept").await.unwrap().as_deref(), Some("yes"));
    let (backup, again) = (
        store.backup_made().unwrap().to_owned(),
        database(&cluster, "again").await,
    );
    let into = again.clone();
    let restored =
        tokio::task::spawn_blocking(move || Store::restore_blocking(&backup, &into, &Opening::at(day(301))));
    let restored = restored.await.unwrap().unwrap();
    assert_eq!(restored.setting("kept").await.unwrap().as_deref(), Some("yes"));
    restored.ingest(looks(5), Vec::new(), None).await.unwrap();
    client
        .batch_execute("UPDATE nolapse_schema SET version = 99")
        .await
        .unwrap();
    let (trouble, _) = open_at(address, opening).await.unwrap().map(drop).unwrap_err();
    assert!(matches!(trouble, Trouble::Future { found: 99, .. }));
    drop(client);
    driver.await.unwrap().unwrap();
}

/// A server that goes away in the middle and comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_back_is_used_again() {
    let mut cluster = Cluster::start();
    let address = database(&cluster, "away").await;
    let store = tokio::task::spawn_blocking(move || open(&address)).await.unwrap();
    store.ingest(looks(100), Vec::new(), None).await.unwrap();
    cluster.kill();
    let error = store.ingest(looks(200), Vec::new(), None).await.unwrap_err();
    assert!(
        matches!(error.trouble, Trouble::Gone { .. } | Trouble::Unreachable { .. }),
        "{error}"
    );
    assert!(error.trouble.is_passing());
    let error = store.counters().await.unwrap_err();
    assert!(error.trouble.is_passing(), "{error}");
    cluster.again();
    assert_eq!(store.counters().await.unwrap().places, 100);
    store.ingest(looks(200), Vec::new(), None).await.unwrap();
    assert_eq!(store.counters().await.unwrap().places, 200);
}
