//! The options of access: where a controller listens and who may call it, and a client's means.
//!
//! What each of them does is said in the repository's `docs/production.md`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::audit::AuditRecord;

/// Who is told of each call that changes the run, and of each that is refused.
///
/// It is called on the thread that moves the server's bytes, before the client has its
/// answer: it should be quick.
pub type Audit = Arc<dyn Fn(&AuditRecord) + Send + Sync>;

/// Options of a controller's server, none of which the original has.
///
/// Files are read when a session is created. What can't be used is an `AccessError`.
#[derive(Clone)]
pub struct ServerAccess {
    /// Where to listen: `host:port` with an IP address as host, or `unix:PATH`.
    pub address: String,
    /// PEM file of the server's certificate chain; with it the server speaks TLS.
    pub certificate: Option<PathBuf>,
    /// PEM file of its key.
    pub private_key: Option<PathBuf>,
    /// PEM file of the authorities of clients' certificates, which are then needed.
    pub client_ca: Option<PathBuf>,
    /// File of names, roles and tokens, one of which a call then needs.
    pub token_file: Option<PathBuf>,
    /// The most bytes of a request's message.
    pub max_request_bytes: usize,
    /// The most bytes of a call's metadata: names, values and 32 for each.
    pub max_metadata_bytes: usize,
    /// The most calls under way and waiting.
    pub max_concurrent_calls: usize,
    /// The farthest deadline of a call, which then needs one.
    pub max_deadline: Option<Duration>,
    /// Serve `grpc.health.v1.Health`.
    pub health_service: bool,
    /// Serve gRPC's reflection.
    pub reflection: bool,
    /// Who is told of calls that change the run or are refused; the log if there is nobody.
    pub audit: Option<Audit>,
    /// Remove the address file at the end, if it is still this server's.
    pub remove_address_file: bool,
}

impl Default for ServerAccess {
    fn default() -> Self {
        Self {
            address: "[::]:0".to_owned(),
            certificate: None,
            private_key: None,
            client_ca: None,
            token_file: None,
            max_request_bytes: 65_536,
            max_metadata_bytes: 8_192,
            max_concurrent_calls: 64,
            max_deadline: None,
            health_service: false,
            reflection: false,
            audit: None,
            remove_address_file: false,
        }
    }
}

impl fmt::Debug for ServerAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerAccess")
            .field("address", &self.address)
            .field("certificate", &self.certificate)
            .field("client_ca", &self.client_ca)
            .field("token_file", &self.token_file)
            .finish_non_exhaustive()
    }
}

/// A client's means of access, none of which the original has.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClientAccess {
    /// PEM file of the authorities that the server's certificate may be of; with it the
    /// client speaks TLS.
    pub ca: Option<PathBuf>,
    /// PEM file of the client's own certificate chain, for mutual TLS.
    pub certificate: Option<PathBuf>,
    /// PEM file of its key.
    pub private_key: Option<PathBuf>,
    /// The name to expect in the server's certificate, in place of the address's host.
    pub server_name: Option<String>,
    /// File of the client's token and nothing else, which nobody but its owner can read.
    pub token_file: Option<PathBuf>,
    /// `http://host:port` of a proxy to use; those of the environment are never used.
    pub proxy: Option<String>,
}
