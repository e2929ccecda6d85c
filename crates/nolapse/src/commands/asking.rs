//! Flags that say what third parties are asked about the certificates that were seen.

use clap::Args;
use ipnet::IpNet;

use engine::inquiry::{Inquiry, Wants};

/// What third parties are asked.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What others say")]
pub(crate) struct Asking {
    /// Ask the issuers whether certificates are revoked, by OCSP and revocation lists
    #[arg(long, env = "NOLAPSE_REVOCATION", hide_env = true)]
    revocation: bool,

    /// Fetch issuers that were not sent from where the certificates say they are; shown, and no verdict is built on it
    #[arg(long, env = "NOLAPSE_FETCH_ISSUERS", hide_env = true)]
    fetch_issuers: bool,

    /// Ask DNS which authorities may issue for the names of the certificate (CAA)
    #[arg(long, env = "NOLAPSE_CAA", hide_env = true)]
    caa: bool,

    /// Networks that evidence may be fetched from though they are not public: 10.0.0.0/8,...; may be repeated
    #[arg(
        long = "evidence-networks", value_name = "NETWORK", env = "NOLAPSE_EVIDENCE_NETWORKS", hide_env = true,
        value_delimiter = ',', value_parser = network
    )]
    networks: Vec<IpNet>,
}

impl Asking {
    /// Who asks; nobody when nothing is asked.
    pub(crate) fn inquiry(&self) -> Option<Inquiry> {
        let wants = Wants {
            revocation: self.revocation,
            issuers: self.fetch_issuers,
            caa: self.caa,
        };
        wants.any().then(|| Inquiry::new(wants, self.networks.clone()))
    }
}

/// `10.0.0.0/8`, `fd00::/8`, or one address.
fn network(typed: &str) -> Result<IpNet, String> {
    typed
        .parse()
        .or_else(|_| typed.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| "expected a network or an address: 10.0.0.0/8, fd00::/8 or 192.0.2.7".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_single_addresses() {
        assert_eq!(network("10.0.0.0/8").unwrap().prefix_len(), 8);
        assert_eq!(network("::1").unwrap().prefix_len(), 128);
        assert!(network("10.0.0.0/33").is_err() && network("intranet").is_err());
    }
}
