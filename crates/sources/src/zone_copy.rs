//! Copies of zones between runs: what came last time, so that an unchanged zone costs one question.
//!
//! A folder comes in; in it stands one file per zone and source, readable by its owner alone, written beside its place and
//! put there in one step. A file that is damaged, or of another format, is no copy: the zone is then asked for as a whole,
//! and the [`Fault`] is said. What a run that was killed had begun is cleared by the next one that finds the folder to itself.
//! Format: eight octets of magic, the serial number, records (name, type, time to live, length, data), SHA-256 of it all.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use model::zone::{Domain, DomainRef, Kind, Record, RecordRef};

const MAGIC: &[u8; 8] = b"NOLAPSZ1";
/// How a copy ends that is not whole yet.
const PART: &str = "part";

/// A folder of copies.
#[derive(Clone, Debug)]
pub struct Copies {
    folder: PathBuf,
    /// Shared with other runs for as long as this one writes: whoever has it alone may clear what nobody writes any more.
    _in_use: Option<Arc<File>>,
}

/// Why a file that stands where a copy should be is none.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Its digest or length is wrong.
    #[error("it is damaged")]
    Damaged,
    /// Its format has another number.
    #[error("another version of nolapse wrote it")]
    OtherVersion,
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
}

/// A copy that was found whole.
#[derive(Debug)]
pub struct Copy {
    path: PathBuf,
    serial: u32,
    /// Octets of records.
    length: u64,
}

impl Copies {
    /// The copies in this folder, which is made when it is not there.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(folder: &Path) -> io::Result<Self> {
        make_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            _in_use: enter(folder)?.map(Arc::new),
        })
    }

    /// The place of a copy: named by digest, since a zone's name may hold anything.
    fn place(&self, zone: &Domain, source: &str) -> PathBuf {
        let mut context = Context::new(&SHA256);
        context.update(zone.wire());
        context.update(source.as_bytes());
        let name: String = context
            .finish()
            .as_ref()
            .iter()
            .take(16)
            .map(|octet| format!("{octet:02x}"))
            .collect();
        self.folder.join(format!("{name}.zone"))
    }

    /// The copy of a zone from this source; nothing when there is none.
    ///
    /// # Errors
    /// Where there is something else in its place; a new copy takes it.
    pub fn find(&self, zone: &Domain, source: &str) -> Result<Option<Copy>, Fault> {
        let path = self.place(zone, source);
        match check(&path) {
            Ok((serial, length)) => Ok(Some(Copy { path, serial, length })),
            Err(Fault::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Begins a new copy.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn create(&self, zone: &Domain, source: &str, serial: u32) -> io::Result<NewCopy> {
        let place = self.place(zone, source);
        // A zone may be asked for twice in one run.
        static BEGUN: AtomicU64 = AtomicU64::new(0);
        let number = BEGUN.fetch_add(1, Ordering::Relaxed);
        let temporary = place.with_extension(format!("{}-{number}.{PART}", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        restrict(&mut options);
        let mut copy = NewCopy {
            out: BufWriter::with_capacity(64 * 1024, options.open(&temporary)?),
            digest: Context::new(&SHA256),
            temporary,
            place,
        };
        copy.write(MAGIC)?;
        copy.write(&serial.to_be_bytes())?;
        Ok(copy)
    }
}

/// Enters a folder that other runs may be in. Whoever finds it empty clears what runs left that were killed.
///
/// The lock is on the folder itself and ends with the process. Where folders cannot be locked (some shared disks), parts
/// stay.
#[cfg(unix)]
fn enter(folder: &Path) -> io::Result<Option<File>> {
    let lock = File::open(folder)?;
    if lock.try_lock().is_ok() {
        clear(folder)?;
    }
    Ok(lock.lock_shared().is_ok().then_some(lock))
}

#[cfg(not(unix))]
fn enter(_folder: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// Removes parts of copies; what else stands there is not ours.
#[cfg(unix)]
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_part =
            path.extension().is_some_and(|end| end == PART) && path.file_stem().is_some_and(is_name_of_part);
        if is_part {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Whether a name is `DIGEST.NUMBER` or `DIGEST.NUMBER-NUMBER`, as [`Copies::create`] gives.
#[cfg(unix)]
fn is_name_of_part(stem: &std::ffi::OsStr) -> bool {
    stem.to_str()
        .and_then(|stem| stem.split_once('.'))
        .is_some_and(|(digest, number)| {
            digest.len() == 32
                && digest.bytes().all(|octet| octet.is_ascii_hexdigit())
                && number
                    .bytes()
                    .all(|octet| octet.is_ascii_digit() || octet == b'-')
        })
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn restrict(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn restrict(_options: &mut OpenOptions) {}

const HEAD: u64 = 12;
const TAIL: u64 = SHA256_OUTPUT_LEN as u64;

/// The serial number and the octets of records of a file that is whole.
fn check(path: &Path) -> Result<(u32, u64), Fault> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut head = [0; 12];
    if length < HEAD + TAIL {
        return Err(Fault::Damaged);
    }
    file.read_exact(&mut head)?;
    let (magic, serial) = head.split_first_chunk::<8>().ok_or(Fault::Damaged)?;
    if magic != MAGIC {
        // The last octet is the number of the format.
        let is_ours = magic.split_last().map(|(_, name)| name) == MAGIC.split_last().map(|(_, name)| name);
        return Err(if is_ours {
            Fault::OtherVersion
        } else {
            Fault::Damaged
        });
    }
    let length = length - HEAD - TAIL;
    let serial = serial.try_into().map(u32::from_be_bytes).unwrap_or_default();
    let mut digest = Context::new(&SHA256);
    digest.update(&head);
    let mut left = length;
    let mut buffer = vec![0; 64 * 1024];
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let part = buffer.get_mut(..wanted).unwrap_or_default();
        file.read_exact(part)?;
        digest.update(part);
        left -= u64::try_from(wanted).unwrap_or(left);
    }
    let mut tail = [0; SHA256_OUTPUT_LEN];
    file.read_exact(&mut tail)?;
    if digest.finish().as_ref() == tail {
        Ok((serial, length))
    } else {
        Err(Fault::Damaged)
    }
}

impl Copy {
    /// The serial number of the zone when it came.
    pub const fn serial(&self) -> u32 {
        self.serial
    }

    /// Gives its records.
    ///
    /// # Errors
    /// What the operating system says, or that the file changed since it was found.
    pub fn records(&self, sink: &mut dyn FnMut(RecordRef<'_>)) -> io::Result<()> {
        let mut file = File::open(&self.path)?;
        let mut head = [0; 12];
        file.read_exact(&mut head)?;
        let mut reader = BufReader::with_capacity(64 * 1024, file.take(self.length));
        let mut buffer = Vec::new();
        while read_record(&mut reader, &mut buffer)? {
            let record = parse(&buffer).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
            sink(record);
        }
        Ok(())
    }
}

/// One record is its length and `name, type, ttl, data`.
fn read_record(reader: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = [0; 4];
    let first = reader.read(length.get_mut(..1).unwrap_or_default())?;
    if first == 0 {
        return Ok(false);
    }
    reader.read_exact(length.get_mut(1..).unwrap_or_default())?;
    // At most a name, a head and 64 KiB of data: the file is ours, and its digest was right.
    let length = usize::try_from(u32::from_be_bytes(length))
        .unwrap_or(0)
        .min(70_000);
    buffer.resize(length, 0);
    reader.read_exact(buffer)?;
    Ok(true)
}

fn parse(buffer: &[u8]) -> Option<RecordRef<'_>> {
    let (owner, rest) = DomainRef::split(buffer)?;
    let (kind, rest) = rest.split_first_chunk::<2>()?;
    let (ttl, data) = rest.split_first_chunk::<4>()?;
    Some(RecordRef {
        owner,
        kind: Kind(u16::from_be_bytes(*kind)),
        ttl: u32::from_be_bytes(*ttl),
        data,
    })
}

/// A copy being written. Dropped without [`NewCopy::commit`], it leaves nothing behind.
pub struct NewCopy {
    out: BufWriter<File>,
    digest: Context,
    temporary: PathBuf,
    place: PathBuf,
}

impl NewCopy {
    /// Adds a record.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn add(&mut self, record: RecordRef<'_>) -> io::Result<()> {
        let length = record.owner.wire().len() + 6 + record.data.len();
        self.write(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes())?;
        self.write(record.owner.wire())?;
        self.write(&record.kind.0.to_be_bytes())?;
        self.write(&record.ttl.to_be_bytes())?;
        self.write(record.data)
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.digest.update(octets);
        self.out.write_all(octets)
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn commit(mut self) -> io::Result<()> {
        let digest = self.digest.clone().finish();
        self.out.write_all(digest.as_ref())?;
        self.out.flush()?;
        self.out.get_ref().sync_data()?;
        fs::rename(&self.temporary, &self.place)
    }
}

impl Drop for NewCopy {
    fn drop(&mut self) {
        // Behind a commit it is gone already.
        drop(fs::remove_file(&self.temporary));
    }
}

/// Changes to a zone, summed up: what was removed and added again has not changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Negative: removed so often; positive: added.
    by_record: HashMap<Record, i64>,
}

impl Changes {
    /// Notes that a record was added.
    pub fn add(&mut self, record: RecordRef<'_>) {
        self.note(record, 1);
    }

    /// Notes that a record was removed.
    pub fn remove(&mut self, record: RecordRef<'_>) {
        self.note(record, -1);
    }

    fn note(&mut self, record: RecordRef<'_>, change: i64) {
        let key = record.to_owned();
        let sum = self.by_record.entry(key).or_default();
        *sum += change;
    }

    /// How many records differ.
    pub fn len(&self) -> usize {
        self.by_record.values().filter(|sum| **sum != 0).count()
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives the records of `copy` as they are after the changes.
    ///
    /// # Errors
    /// What the operating system says; or that something was removed which was not there, so that the copy is of another
    /// zone than the server's.
    pub fn apply(mut self, copy: &Copy, sink: &mut dyn FnMut(RecordRef<'_>)) -> io::Result<()> {
        copy.records(&mut |record| {
            let removed = self.by_record.get_mut(&record.to_owned()).filter(|sum| **sum < 0);
            match removed {
                Some(sum) => *sum += 1,
                None => sink(record),
            }
        })?;
        if self.by_record.values().any(|sum| *sum < 0) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the changes remove records that the copy does not have",
            ));
        }
        for (record, _) in self.by_record.iter().filter(|(_, sum)| **sum > 0) {
            sink(record.borrowed());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, last: u8) -> Record {
        Record {
            owner: Domain::parse(name).unwrap(),
            kind: Kind::A,
            ttl: 60,
            data: [192, 0, 2, last].into(),
        }
    }

    fn kept(copies: &Copies, zone: &Domain, records: &[Record]) {
        let mut copy = copies.create(zone, "s", 7).unwrap();
        records
            .iter()
            .for_each(|record| copy.add(record.borrowed()).unwrap());
        copy.commit().unwrap();
    }

    fn shown(copy: &Copy) -> Vec<String> {
        let mut out = Vec::new();
        copy.records(&mut |record| out.push(record.to_string())).unwrap();
        out
    }

    #[test]
    fn what_was_kept_comes_back_and_a_damaged_copy_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let copies = Copies::open(&folder.path().join("a/b")).unwrap();
        let zone = Domain::parse("example").unwrap();
        assert!(copies.find(&zone, "s").unwrap().is_none());
        kept(&copies, &zone, &[record("a.example", 1), record("b.example", 2)]);
        let copy = copies.find(&zone, "s").unwrap().unwrap();
        assert_eq!(copy.serial(), 7);
        assert_eq!(
            shown(&copy),
            ["a.example. 60 IN A 192.0.2.1", "b.example. 60 IN A 192.0.2.2"]
        );
        assert!(copies.find(&zone, "other").unwrap().is_none());
        drop(copies.create(&zone, "s", 8).unwrap());
        assert_eq!(
            fs::read_dir(folder.path().join("a/b")).unwrap().count(),
            1,
            "a dropped copy leaves nothing"
        );
        let mut octets = fs::read(&copy.path).unwrap();
        let fault = || copies.find(&zone, "s").unwrap_err();
        for place in [0, 9, 20, octets.len() - 1] {
            octets[place] ^= 1;
            fs::write(&copy.path, &octets).unwrap();
            assert!(matches!(fault(), Fault::Damaged), "octet {place}");
            octets[place] ^= 1;
        }
        fs::write(&copy.path, &octets[..30]).unwrap();
        assert!(matches!(fault(), Fault::Damaged));
        octets[7] = b'2';
        fs::write(&copy.path, &octets).unwrap();
        assert!(matches!(fault(), Fault::OtherVersion));
    }

    #[cfg(unix)]
    #[test]
    fn parts_of_a_run_that_was_killed_are_cleared_and_those_of_a_living_one_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let zone = Domain::parse("example").unwrap();
        let count = || fs::read_dir(folder.path()).unwrap().count();
        let copies = Copies::open(folder.path()).unwrap();
        let being_written = copies.create(&zone, "s", 7).unwrap();
        let beside = Copies::open(folder.path()).unwrap();
        assert_eq!(count(), 1, "somebody writes it");
        // A killed process runs no destructor, and its locks end.
        std::mem::forget(being_written);
        drop((copies, beside));
        fs::write(folder.path().join("notes.part"), "not ours").unwrap();
        let copies = Copies::open(folder.path()).unwrap();
        assert_eq!(count(), 1, "what is not ours");
        kept(&copies, &zone, &[record("a.example", 1)]);
        assert_eq!(count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn copies_are_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let copies = Copies::open(&folder.path().join("copies")).unwrap();
        let zone = Domain::parse("example").unwrap();
        kept(&copies, &zone, &[]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("copies")), 0o700);
        assert_eq!(mode(&copies.find(&zone, "s").unwrap().unwrap().path), 0o600);
    }

    #[test]
    fn changes_are_applied() {
        let folder = tempfile::tempdir().unwrap();
        let copies = Copies::open(folder.path()).unwrap();
        let zone = Domain::parse("example").unwrap();
        kept(&copies, &zone, &[record("a.example", 1), record("b.example", 2)]);
        let copy = copies.find(&zone, "s").unwrap().unwrap();
        let mut changes = Changes::default();
        changes.remove(record("a.example", 1).borrowed());
        changes.add(record("c.example", 3).borrowed());
        changes.add(record("d.example", 4).borrowed());
        changes.remove(record("d.example", 4).borrowed());
        assert_eq!(changes.len(), 2);
        let mut out = Vec::new();
        changes
            .apply(&copy, &mut |record| out.push(record.to_string()))
            .unwrap();
        assert_eq!(
            out,
            ["b.example. 60 IN A 192.0.2.2", "c.example. 60 IN A 192.0.2.3"]
        );
        let mut wrong = Changes::default();
        wrong.remove(record("x.example", 9).borrowed());
        assert!(wrong.apply(&copy, &mut |_| {}).is_err());
    }
}
