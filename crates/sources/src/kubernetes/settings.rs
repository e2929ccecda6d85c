//! What a configuration says of a cluster.

use std::path::PathBuf;

use serde::Deserialize;

/// Settings of a Kubernetes cluster. With nothing said, it is the one that this program runs in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A kubeconfig: server, authority and credentials come from it.
    pub kubeconfig: Option<PathBuf>,
    /// Which of its contexts; the current one when it is left out.
    pub context: Option<String>,
    /// Address of the interface, such as `https://10.0.0.1:6443`, where there is no kubeconfig.
    pub server: Option<String>,
    /// A file that holds a bearer token. It is read anew for each run, since such tokens change.
    pub token_file: Option<PathBuf>,
    /// A file of the authorities that the interface's certificate is issued by; those of the web when it is left out.
    pub ca_file: Option<PathBuf>,
    /// Which namespaces; all of them when there are none here.
    pub namespaces: Vec<String>,
    /// Secrets asked for at once.
    pub page_size: Option<u32>,
}
