//! Every bound on what strangers control, in one file. `nolapse limits` prints [`ALL`].
//!
//! A bound that can be set by a flag says so; the others are fixed because no honest server comes near them.

mod table;

use std::time::Duration;

pub use table::ALL;

/// TCP connect; a shorter `--timeout` shortens it. A SYN is repeated after 1 s; whoever has not answered after the second repeat is not there.
pub const CONNECT: Duration = Duration::from_secs(3);
/// Everything for one endpoint, all fallback connections included.
pub const ENDPOINT: Duration = Duration::from_secs(10);
/// The exchange before TLS (STARTTLS).
pub const UPGRADE: Duration = Duration::from_secs(4);
/// Plaintext bytes read before TLS: the longest honest EHLO answers and MySQL greetings are under 2 KiB.
pub const UPGRADE_BYTES: usize = 16 * 1024;
/// Lines read before TLS.
pub const UPGRADE_LINES: usize = 64;
/// Length of one such line. RFC 5321 allows 512 bytes, but IMAP servers say all their capabilities in one line, and IRC
/// servers theirs; what a longer line costs is within [`UPGRADE_BYTES`] anyway.
pub const UPGRADE_LINE_BYTES: usize = 4 * 1024;
/// Resolving one name, all its queries included; a shorter `--timeout` shortens it.
pub const RESOLVE: Duration = Duration::from_secs(5);
/// Addresses taken of one name.
pub const ADDRESSES_PER_NAME: usize = 64;
/// The first byte of the answer to a ClientHello: honest servers that are merely far or busy answer within 2 s.
pub const FIRST_BYTE: Duration = Duration::from_secs(5);
/// TLS bytes read from one connection when the certificate message is of ordinary size.
pub const TLS_BYTES: usize = 256 * 1024;
/// One handshake message of ordinary size.
pub const HANDSHAKE_MESSAGE_BYTES: usize = 64 * 1024;
/// A certificate message beyond the ordinary: read to its end up to here, so that giants are named and not guessed at.
pub const GIANT_MESSAGE_BYTES: usize = 1024 * 1024 + 64 * 1024;
/// TLS records without progress (empty ones, warnings, new tickets) on one connection.
pub const IDLE_RECORDS: usize = 64;
/// Certificates kept of one chain; more are counted and said.
pub const CHAIN_CERTIFICATES: usize = 16;
/// A certificate of ordinary size; a longer one is read, shown and judged, and not kept at hand for the next look.
pub const CERTIFICATE_BYTES: usize = 100 * 1024;
/// Certificates of issuers kept at hand during a run, in each of two generations.
pub const SHELF_CERTIFICATES: usize = 512;
/// Names parsed of one certificate.
pub const NAMES_PARSED: usize = 10_000;
/// Names shown of one certificate in reports for people.
pub const NAMES_SHOWN: usize = 200;
/// Nesting of DER that is followed.
pub const DER_DEPTH: usize = 32;
/// Oddities noted of one certificate, CRL or OCSP answer: the first ones tell the story.
pub const ODDITIES: usize = 64;
/// Extensions kept of one certificate; honest ones have about ten.
pub const EXTENSIONS: usize = 256;
/// Entries kept of any other list in a certificate (usages, policies, addresses of responders and CRLs).
pub const LIST_ENTRIES: usize = 256;
/// Parts kept of one distinguished name; honest ones have at most about ten.
pub const NAME_PARTS: usize = 64;
/// Certificates and CRLs kept of one file (the largest root lists hold a few hundred).
pub const BUNDLE_ITEMS: usize = 10_000;
/// SCTs read from one list.
pub const SCTS: usize = 64;
/// Names of acceptable client CAs kept (a Windows server may send hundreds).
pub const CLIENT_AUTHORITIES: usize = 256;
/// A stapled OCSP answer.
pub const STAPLE_BYTES: usize = 64 * 1024;
/// Text from the network shown to a person, in bytes, before it is cut in the middle.
pub const TEXT_SHOWN_BYTES: usize = 4 * 1024;
/// Edges (signature relations) looked at when building paths for one chain, over all stores.
pub const PATH_EDGES: usize = 200;
/// Signature verifications for one chain. It stands for a bound on time: keys beyond RSA 8192 are not verified, so the work
/// is bounded too, no clock has to be read while a chain is judged, and the verdict is the same on a slow machine.
pub const PATH_SIGNATURES: usize = 100;
/// Certificates in one path, anchor included.
pub const PATH_LENGTH: usize = 10;
/// Name-constraint comparisons for one chain (RFC 5280 section 4.2.1.10), the quadratic step.
pub const PATH_NAME_COMPARISONS: usize = 250_000;
/// Certificates beside the leaf that may stand on a path: an endpoint sends at most [`CHAIN_CERTIFICATES`], a file or
/// what was fetched may bring more. Test suites for path building bring 35.
pub const PATH_CANDIDATES: usize = 64;
/// Moments at which trust over a span of time is asked for anew: a chain has a dozen; every root of a large store that is called
/// the same as an issuer has two.
pub const TIMELINE_MOMENTS: usize = 1024;
/// Paths of one chain that are held against the leaf's names, policies and revocation lists. Cross-signing gives two or
/// three.
pub const PATHS_HELD: usize = 8;
/// Names and distribution points compared when one certificate is held against revocation lists: honest ones have a
/// handful of each.
pub const CRL_COMPARISONS: usize = 50_000;
/// Connections open at once, file descriptors permitting (`--concurrency`): of `ulimit -n` less 64, four
/// fifths at most. Whoever wants more says so: firewalls on the way keep a state for each.
pub const CONCURRENT: usize = 1000;
/// Connections open at once to one address (`--per-address`): fewer than the six that a browser
/// opens to one, and enough that an address with many names is not looked at one by one.
pub const PER_ADDRESS: usize = 4;
/// Connections open at once to one /24 or /48 (`--per-network`).
pub const PER_NETWORK: usize = 64;
/// Bytes of one target line.
pub const TARGET_LINE_BYTES: usize = 4 * 1024;
/// Addresses of one CIDR target; larger ranges must be said to be meant (`--large-ranges`).
pub const RANGE_ADDRESSES: u128 = 65_536;
/// CNAME and DNAME records followed in a row; resolvers give up between 8 and 16.
pub const CNAME_CHAIN: usize = 8;
/// Records of one zone transfer. The largest zones of organisations hold a few million.
pub const TRANSFER_RECORDS: u64 = 5_000_000;
/// Bytes of one zone transfer.
pub const TRANSFER_BYTES: u64 = 512 * 1024 * 1024;
/// Everything for one zone transfer.
pub const TRANSFER: Duration = Duration::from_mins(10);
/// Places (zones at their servers, accounts, files) asked at once: enough that a slow one does not hold up the others, and
/// below what a server gives out at once (BIND: 10).
pub const PLACES_AT_ONCE: usize = 8;
/// Silence in the midst of a zone transfer: servers pause for seconds, not longer, when they are busy.
pub const TRANSFER_IDLE: Duration = Duration::from_secs(30);
/// Difference between our clock and a server's that a signature bears (RFC 8945 section 10 recommends it).
pub const TSIG_FUDGE: Duration = Duration::from_secs(300);
/// Messages of a transfer without a signature in a row (RFC 8945 section 5.3.1).
pub const TSIG_UNSIGNED: usize = 99;
/// Questions on their way to one resolver at once: more would only make it drop some.
pub const DNS_IN_FLIGHT: usize = 128;
/// Zones of one list, export or account.
pub const ZONES: usize = 100_000;
/// Master files that include one another, in depth.
pub const INCLUDE_DEPTH: usize = 8;
/// Records that one `$GENERATE` makes.
pub const GENERATED_RECORDS: u64 = 1_000_000;
/// One entry of a master file, its continuation lines included.
pub const MASTER_ENTRY_BYTES: usize = 256 * 1024;
/// Answers of one page of a provider's interface.
pub const PROVIDER_PAGE_BYTES: usize = 8 * 1024 * 1024;
/// Answers of one page of an account at an authority: 500 orders, were each to have its 250 names.
pub const ACCOUNT_PAGE_BYTES: usize = 16 * 1024 * 1024;
/// Pages of one listing at a provider.
pub const PROVIDER_PAGES: usize = 100_000;
/// Examples kept of one reason why a source's things are skipped: the first ones tell the story.
pub const SOURCE_EXAMPLES: usize = 5;
/// One row of a table of certificates: 10,000 names, or a whole certificate beside them.
pub const TABLE_ROW_BYTES: usize = 1024 * 1024;
/// Columns of a table of certificates; exports of authorities have up to about 100.
pub const TABLE_COLUMNS: usize = 1024;
/// Folders entered below one that is searched for certificates.
pub const WALK_DEPTH: usize = 32;
/// Files and folders looked at below all that are searched for certificates.
pub const WALK_FILES: usize = 1_000_000;
/// One page of a cluster's secrets: 500 of ordinary size have a few megabytes, and one may have one.
pub const CLUSTER_PAGE_BYTES: usize = 64 * 1024 * 1024;
/// A kubeconfig, and each file that it names: those of hundreds of clusters have below a megabyte.
pub const KUBECONFIG_BYTES: usize = 4 * 1024 * 1024;
/// A key, token or passphrase in a file or variable. Tokens of clusters have about 1 KiB, those of big claims 8.
pub const SECRET_BYTES: usize = 16 * 1024;
/// Bytes of a file that `inspect` reads.
pub const FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of a bundle of trust stores; all that is public takes half a megabyte.
pub const TRUST_BUNDLE_BYTES: u64 = 16 * 1024 * 1024;
/// Public stores in one bundle: half of what a set of stores holds, so that a user's own find room.
pub const PUBLIC_STORES: usize = 32;
/// One fetch of evidence or data by HTTP, from the resolving of the name to the last byte, redirects included.
pub const FETCH: Duration = Duration::from_secs(10);
/// Redirects followed, each checked anew: an honest address of a CRL has at most one, from http to https.
pub const HTTP_REDIRECTS: usize = 2;
/// Status line and header fields of one HTTP answer together.
pub const HTTP_HEADER_BYTES: usize = 16 * 1024;
/// Length of an URL that is followed; honest ones are below 200.
pub const URL_BYTES: usize = 2 * 1024;
/// URLs of one kind (OCSP, CRL, issuer) followed for one certificate: 240 of them fit into a leaf of 8 KiB.
pub const URLS_PER_CERTIFICATE: usize = 3;
/// A fetched OCSP answer.
pub const OCSP_BYTES: usize = 64 * 1024;
/// A fetched CRL; the largest of public authorities have about 8 MiB.
pub const CRL_BYTES: usize = 10 * 1024 * 1024;
/// A fetched issuer, alone or in a bundle.
pub const ISSUER_BYTES: usize = 256 * 1024;
/// Issuers fetched one above the other.
pub const ISSUERS_ABOVE: usize = 4;
/// Bytes of fetched evidence kept at hand during a run, all of it together.
pub const EVIDENCE_KEPT_BYTES: usize = 64 * 1024 * 1024;
/// Failures in a row after which a server of evidence is not asked again for a while.
pub const EVIDENCE_FAILURES: u32 = 3;
/// Names of a leaf that CAA records are asked for.
pub const CAA_NAMES: usize = 8;
/// CAA records read of one name.
pub const CAA_RECORDS: usize = 64;
/// Connections to the pages at once; further ones wait. A browser opens six, and a process has 1,024 descriptors unless told
/// otherwise, of which looks need most.
pub const WEB_CONNECTIONS: usize = 512;
/// The head of a request, from the opening of the connection or from the answer before. Ends idle connections too.
pub const WEB_HEADERS: Duration = Duration::from_secs(15);
/// The head of a request in bytes: a query of [`URL_BYTES`], cookies, and what proxies add.
pub const WEB_HEADER_BYTES: usize = 32 * 1024;
/// What a form of a page sends.
pub const WEB_FORM_BYTES: usize = 16 * 1024;
/// How long a form may take to come.
pub const WEB_FORM: Duration = Duration::from_secs(15);
/// How long answers that are under way may take when the service is asked to end.
pub const WEB_DRAIN: Duration = Duration::from_secs(10);
/// Certificates, and endpoints, that have series of their own; of more there are sums alone. Three series of 250 bytes an
/// endpoint make a page of some 20 MB, which Prometheus still reads within its ten seconds.
pub const METRICS_OBJECTS: usize = 20_000;
/// How long a page of metrics is handed out again: shorter than anybody scrapes, so that it holds back only who asks without end.
pub const METRICS_KEPT: Duration = Duration::from_secs(3);

/// Alerts open at once; further causes are told apart by their rule alone. Whoever has more needs a list and no alerts.
pub const ALERTS_OPEN: usize = 2_000;
/// Names kept of one alert, to route and silence it: what concerns more concerns everybody.
pub const ALERT_NAMES: usize = 200;
/// Endpoints shown of one alert.
pub const ALERT_EXAMPLES: usize = 5;
/// Words that say which alerts are meant.
pub const ALERT_PATTERN_BYTES: usize = 1024;
/// An author's name, and a reason, of an acknowledgement or a silence.
pub const ALERT_REASON_BYTES: usize = 1024;
/// Alerts told in one letter; the others are counted.
pub const LETTER_ALERTS: usize = 20;
/// Letters that wait for one channel; the oldest is given up for a newer one, so that a channel that is away for a day costs no disk.
pub const LETTERS_WAITING: usize = 1_000;
/// What is read of the answer to a letter: a receiver says in a line what it did not like.
pub const LETTER_ANSWER_BYTES: usize = 16 * 1024;

/// One limit as `nolapse limits` shows it.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// What is bounded.
    pub name: &'static str,
    /// The bound, in its unit.
    pub bound: Bound,
    /// The flag that changes it, if one does.
    pub flag: Option<&'static str>,
}

/// A bound and its unit.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// A duration.
    Time(Duration),
    /// A number of bytes.
    Bytes(u64),
    /// A number of things.
    Count(u64),
}
