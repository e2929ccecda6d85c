//! Which column means what: by the settings, else by headers that are known.

use std::io::Read;

use model::untrusted::shown;

use super::error::TableError;
use super::records::Records;
use super::settings::Columns;

/// What a column may mean, in the order of [`Layout`]'s places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Certificate,
    Endpoint,
    CommonName,
    Names,
    Issuer,
    Serial,
    NotBefore,
    NotAfter,
    Status,
    Order,
    Product,
    Organization,
}

/// A role, the key of its setting, the headers that are known for it (as [`plain`] has them), and the setting.
type Row = (
    Role,
    &'static str,
    &'static [&'static str],
    fn(&Columns) -> &Option<String>,
);

const ROLES: [Row; 12] = [
    (
        Role::Certificate,
        "certificate",
        &["certificate", "pem", "certificatepem"],
        |c| &c.certificate,
    ),
    (Role::Endpoint, "endpoint", &["endpoint", "target"], |c| {
        &c.endpoint
    }),
    (
        Role::CommonName,
        "common_name",
        &["commonname", "cn", "subjectcn"],
        |c| &c.common_name,
    ),
    (
        Role::Names,
        "names",
        &[
            "subjectalternativenames",
            "subjectalternativename",
            "sans",
            "san",
            "dnsnames",
            "altnames",
            "names",
        ],
        |c| &c.names,
    ),
    (
        Role::Issuer,
        "issuer",
        &["issuer", "issuername", "issuedby", "authority", "ca"],
        |c| &c.issuer,
    ),
    (Role::Serial, "serial", &["serialnumber", "serial"], |c| &c.serial),
    (
        Role::NotBefore,
        "not_before",
        &["notbefore", "validfrom", "startdate", "issuedate"],
        |c| &c.not_before,
    ),
    (
        Role::NotAfter,
        "not_after",
        &[
            "notafter",
            "validtill",
            "validto",
            "validuntil",
            "expirydate",
            "expirationdate",
            "expireson",
            "expires",
            "expiry",
            "enddate",
        ],
        |c| &c.not_after,
    ),
    (Role::Status, "status", &["status", "orderstatus", "state"], |c| {
        &c.status
    }),
    (Role::Order, "order", &["orderid", "ordernumber", "order"], |c| {
        &c.order
    }),
    (Role::Product, "product", &["productname", "product"], |c| {
        &c.product
    }),
    (
        Role::Organization,
        "organization",
        &["organization", "organisation"],
        |c| &c.organization,
    ),
];

/// Where in a row everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    places: [Option<usize>; ROLES.len()],
    /// A name of the row, or the host that was scanned; see [`Layout::is_scan`].
    pub(super) hostname: Option<usize>,
    protocol: Option<usize>,
    cipher: Option<usize>,
    /// How many columns there are.
    pub(super) width: usize,
}

impl Layout {
    /// By the header that was read last.
    pub(super) fn of<R: Read>(said: &Columns, header: &Records<R>) -> Result<Self, TableError> {
        let headers: Vec<String> = (0..header.fields())
            .map(|place| plain(header.field(place)))
            .collect();
        let place = |wanted: &str| headers.iter().position(|header| header == wanted);
        let found = || {
            let all: Vec<String> = (0..header.fields())
                .take(HEADERS_SHOWN)
                .map(|place| format!("`{}`", shown(header.field(place))))
                .collect();
            all.join(", ")
        };
        let mut places = [None; ROLES.len()];
        for (out, (_, key, known, setting)) in places.iter_mut().zip(ROLES) {
            *out = match setting(said) {
                None => known.iter().find_map(|known| place(known)),
                Some(wanted) => Some(place(&plain(wanted)).ok_or_else(|| TableError::NoColumn {
                    role: key,
                    wanted: shown(wanted),
                    found: found(),
                })?),
            };
        }
        let taken = |place: &usize| !places.contains(&Some(*place));
        let layout = Self {
            hostname: place("hostname").filter(taken),
            protocol: place("protocol"),
            cipher: place("cipher"),
            width: headers.len(),
            places,
        };
        let tells = [
            Role::Certificate,
            Role::Endpoint,
            Role::CommonName,
            Role::Names,
            Role::Serial,
        ];
        if layout.hostname.is_none() && tells.iter().all(|role| layout.place(*role).is_none()) {
            return Err(TableError::NothingTold { found: found() });
        }
        Ok(layout)
    }

    /// Where a role is.
    pub(super) fn place(&self, wanted: Role) -> Option<usize> {
        let mut rows = ROLES.iter().zip(self.places);
        rows.find_map(|((role, ..), place)| (*role == wanted).then_some(place)?)
    }

    /// What a row has for a role; empty where there is no such column.
    pub(super) fn text<'a, R: Read>(&self, row: &'a Records<R>, role: Role) -> &'a str {
        self.place(role).map_or("", |place| row.field(place))
    }

    /// Whether the row is of a scan: it says how the host speaks TLS.
    pub(super) fn is_scan<R: Read>(&self, row: &Records<R>) -> bool {
        let said = |place: Option<usize>| place.is_some_and(|place| !row.field(place).is_empty());
        said(self.protocol) || said(self.cipher)
    }
}

/// Headers shown when one is missing.
const HEADERS_SHOWN: usize = 40;

/// A header without what people write differently: case, spaces, `_`, `-` and other signs.
fn plain(header: &str) -> String {
    header
        .chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
