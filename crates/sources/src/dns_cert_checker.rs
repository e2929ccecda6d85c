//! The configuration of DNS Certificate Checker, taken as it is.
//!
//! `config.json` comes in, what it asks for goes out in the words used here. What it has and nothing here uses (how much it
//! logs) is passed over; a key that it never had is an error, since it would be a mistake there too.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use model::zone::Domain;
use serde::Deserialize;

/// What the file asks for.
#[derive(Debug)]
pub struct Wanted {
    /// Ports.
    pub ports: Vec<u16>,
    /// Certificates must be valid for so long, when it says so.
    pub least_validity: Option<Duration>,
    /// Places to learn zones from.
    pub places: Vec<Place>,
    /// Resolvers.
    pub resolvers: Vec<SocketAddr>,
    /// Regular expressions: names in which one is found are left out.
    pub left_out: Vec<String>,
}

/// A place to learn zones from.
#[derive(Debug)]
pub enum Place {
    /// A name server that transfers its zones.
    Server {
        /// What the file calls it.
        name: String,
        /// Where.
        socket: SocketAddr,
        /// Its zones.
        zones: Vec<Domain>,
    },
    /// Route 53.
    Route53 {
        /// What the file calls it.
        name: String,
        /// The access key's id.
        key_id: Option<String>,
        /// The secret key.
        secret: Option<String>,
        /// The session's token.
        token: Option<String>,
        /// Zones.
        zones: Vec<Domain>,
        /// Whether to take all zones of the account.
        discover: bool,
        /// Whether private ones count among them.
        private: bool,
    },
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Another shape.
    #[error(
        "it is no such configuration ({0}): expected {{\"zone_data_sources\": {{...}}, \"ssl_ports\": [443], ...}}"
    )]
    Shape(String),
    /// A source without what it needs.
    #[error("zone_data_sources.{name}: {reason}")]
    Source {
        /// What the file calls it.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// No address.
    #[error("{place}: `{text}` is no address")]
    Address {
        /// Where.
        place: &'static str,
        /// What stands there.
        text: String,
    },
    /// No zone.
    #[error("`{text}` is no name of a zone: {error}")]
    Zone {
        /// What stands there.
        text: String,
        /// Why.
        error: model::zone::DomainError,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "log_level")]
    _log_level: Option<serde_json::Value>,
    #[serde(default)]
    ssl_ports: Vec<u16>,
    #[serde(default)]
    min_time_to_expiration: Option<u64>,
    #[serde(default)]
    zone_data_sources: BTreeMap<String, Source>,
    /// As versions before its third had it: zones by server.
    #[serde(default)]
    nameserver_zones: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    lookup_nameservers: Vec<String>,
    #[serde(default)]
    name_filters: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    config: Details,
    #[serde(default)]
    zones: Vec<String>,
    #[serde(default)]
    discover_zones: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    #[serde(default)]
    server_ip: Option<String>,
    #[serde(default)]
    server_port: Option<u16>,
    #[serde(default)]
    aws_access_key_id: Option<String>,
    #[serde(default)]
    aws_secret_access_key: Option<String>,
    #[serde(default)]
    aws_session_token: Option<String>,
    #[serde(default)]
    discover_private_zones: bool,
}

/// Reads `config.json`.
///
/// # Errors
/// [`ConfigError`] with the place.
pub fn parse(text: &[u8]) -> Result<Wanted, ConfigError> {
    let file: File = serde_json::from_slice(text).map_err(|error| ConfigError::Shape(error.to_string()))?;
    let mut places = Vec::new();
    for (server, zones) in &file.nameserver_zones {
        places.push(Place::Server {
            name: server.clone(),
            socket: socket(server, 53, "nameserver_zones")?,
            zones: domains(zones)?,
        });
    }
    for (name, source) in file.zone_data_sources {
        places.push(place(name, source)?);
    }
    let resolver = |text: &String| socket(text, 53, "lookup_nameservers");
    Ok(Wanted {
        ports: if file.ssl_ports.is_empty() {
            vec![443]
        } else {
            file.ssl_ports
        },
        least_validity: file.min_time_to_expiration.map(Duration::from_secs),
        places,
        resolvers: file
            .lookup_nameservers
            .iter()
            .map(resolver)
            .collect::<Result<_, _>>()?,
        left_out: file.name_filters,
    })
}

fn place(name: String, source: Source) -> Result<Place, ConfigError> {
    let zones = domains(&source.zones)?;
    let details = source.config;
    match source.kind.to_ascii_lowercase().as_str() {
        "bind" => {
            let Some(server) = details.server_ip else {
                return Err(ConfigError::Source {
                    name,
                    reason: "config.server_ip is missing".to_owned(),
                });
            };
            let socket = socket(&server, details.server_port.unwrap_or(53), "server_ip")?;
            Ok(Place::Server { name, socket, zones })
        }
        "route53" => Ok(Place::Route53 {
            name,
            key_id: details.aws_access_key_id,
            secret: details.aws_secret_access_key,
            token: details.aws_session_token,
            zones,
            discover: source.discover_zones,
            private: details.discover_private_zones,
        }),
        other => Err(ConfigError::Source {
            name,
            reason: format!(
                "no type `{}`: expected BIND or Route53",
                model::untrusted::shown(other)
            ),
        }),
    }
}

fn socket(text: &str, port: u16, place: &'static str) -> Result<SocketAddr, ConfigError> {
    let address = text
        .parse::<IpAddr>()
        .map(|address| SocketAddr::new(address, port));
    address
        .or_else(|_| text.parse())
        .map_err(|_| ConfigError::Address {
            place,
            text: model::untrusted::shown(text),
        })
}

fn domains(texts: &[String]) -> Result<Vec<Domain>, ConfigError> {
    let domain = |text: &String| {
        Domain::parse(text).map_err(|error| ConfigError::Zone {
            text: model::untrusted::shown(text),
            error,
        })
    };
    texts.iter().map(domain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_of_its_forms() {
        let wanted = parse(
            br#"{"log_level": 30, "ssl_ports": [443, 8443], "min_time_to_expiration": 2592000,
                "zone_data_sources": {
                    "main": {"type": "BIND", "config": {"server_ip": "192.0.2.53", "server_port": 5353},
                             "zones": ["example.com", "internal_domain.lan"], "discover_zones": false},
                    "cloud": {"type": "Route53", "config": {"aws_access_key_id": "A", "aws_secret_access_key": "S",
                              "aws_session_token": "T"}, "zones": [], "discover_zones": true}},
                "lookup_nameservers": ["192.0.2.1", "2001:db8::1"], "name_filters": ["^dev"]}"#,
        )
        .unwrap();
        assert_eq!(wanted.ports, [443, 8443]);
        assert_eq!(wanted.least_validity, Some(Duration::from_secs(2_592_000)));
        assert_eq!(wanted.left_out, ["^dev"]);
        assert_eq!(wanted.resolvers.len(), 2);
        assert!(matches!(
            &wanted.places[0],
            Place::Route53 {
                discover: true,
                private: false,
                ..
            }
        ));
        assert!(
            matches!(&wanted.places[1], Place::Server { socket, zones, .. } if socket.port() == 5353 && zones.len() == 2)
        );
        let old = parse(br#"{"nameserver_zones": {"10.0.0.2": ["company.com"]}}"#).unwrap();
        assert!(matches!(&old.places[0], Place::Server { socket, .. } if socket.port() == 53));
        assert_eq!(old.ports, [443]);
    }

    #[test]
    fn mistakes_have_their_place() {
        let wrong = |text: &str| parse(text.as_bytes()).unwrap_err().to_string();
        assert!(wrong(r#"{"ssl_port": 443}"#).contains("unknown field `ssl_port`"));
        assert!(
            wrong(r#"{"zone_data_sources": {"x": {"type": "BIND"}}}"#)
                .contains("zone_data_sources.x: config.server_ip")
        );
        assert!(wrong(r#"{"zone_data_sources": {"x": {"type": "djb"}}}"#).contains("no type `djb`"));
        assert!(
            wrong(r#"{"lookup_nameservers": ["dns"]}"#).contains("lookup_nameservers: `dns` is no address")
        );
    }
}
