//! The server of a controller with access: listens as it is told, and has a guard.

use super::access::ServerAccess;
use super::address::{ListenAddress, UNIX};
use super::guard::Guard;
use super::listening::{Listener, listen_at};
use super::offer::Offer;
use super::pem;
use super::probes::HEALTH_DESCRIPTOR;
use super::services::Services;
use super::serving::{Serving, Setup};
use super::unix_socket::listen_at_path;
use crate::errors::{Error, Result};
use crate::net_utils::concat_ip_and_port;

/// How much more metadata than is taken is read, so that it can be refused in words.
const READ_FACTOR: usize = 2;

/// The least size of metadata that is read.
const LEAST_READ: usize = 65_536;

/// Options of access that go together.
pub(super) struct Guarded<'a> {
    access: &'a ServerAccess,
    address: ListenAddress,
}

impl<'a> Guarded<'a> {
    /// Checks whether the options go together.
    pub(super) fn new(access: &'a ServerAccess) -> Result<Self> {
        let address = ListenAddress::parse(&access.address)?;
        let is_clear = access.certificate.is_none() && !address.is_local();
        if access.token_file.is_some() && is_clear {
            return Err(Error::access(format!(
                "token_file needs certificate and private_key, or anyone on the network can read \
                 the tokens; without them expected a unix socket or a loopback address, got {:?}",
                access.address
            )));
        }
        Ok(Self { access, address })
    }

    /// Starts to serve this, and what else the options ask for.
    pub(super) fn start(&self, offer: Offer) -> Result<Serving> {
        let access = self.access;
        let most = access.max_request_bytes;
        let mut services = Services::default();
        let health = access.health_service.then(|| services.add_health(most));
        if access.reflection {
            let mut descriptors = offer.descriptors();
            if access.health_service {
                descriptors.push(HEALTH_DESCRIPTOR);
            }
            services.add_reflection(&descriptors, most)?;
        }
        let guard = Guard::new(access, offer.methods())?;
        let read = access.max_metadata_bytes.saturating_mul(READ_FACTOR);
        let read = u32::try_from(read.max(LEAST_READ)).unwrap_or(u32::MAX);
        let server = pem::server(access)?.http2_max_header_list_size(read);
        let (listener, socket_file) = match &self.address {
            ListenAddress::Tcp(addr) => {
                let failed = |error| {
                    let addr = &access.address;
                    Error::access(format!("{addr} can't be listened on: {error}"))
                };
                (Listener::Tcp(listen_at(*addr).map_err(failed)?), None)
            }
            ListenAddress::Unix(path) => {
                let (listener, file) = listen_at_path(path)?;
                (Listener::Unix(listener), Some(file))
            }
        };
        let setup = Setup {
            listener,
            socket_file,
            server,
            health,
        };
        Serving::start_on(setup, |cancelled| {
            offer.add_to(&mut services, cancelled, most);
            guard.before(services.known())
        })
    }

    /// The address for clients; `address_of` has that of this machine.
    pub(super) fn published(
        &self,
        port: u16,
        address_of: impl FnOnce(u16) -> Result<String>,
    ) -> Result<String> {
        match &self.address {
            ListenAddress::Tcp(addr) if addr.ip().is_unspecified() => address_of(port),
            ListenAddress::Tcp(addr) => Ok(concat_ip_and_port(&addr.ip().to_string(), port)),
            ListenAddress::Unix(path) => Ok(format!("{UNIX}{}", path.display())),
        }
    }
}
