//! How a client finds the controller.

use std::path::Path;

use tonic::transport::{Channel, Endpoint};

use super::constants::SERVER_ADDR_FILENAME;
use crate::errors::{Error, ErrorKind, Result};
use crate::proto::controller::controller_client::ControllerClient;

/// What calls the controller.
pub type ControllerStub = ControllerClient<Channel>;

/// The port where an address names none, as in gRPC.
const DEFAULT_PORT: u16 = 443;

/// A stub for the controller whose address is in `model_dir`.
///
/// It connects when it is first used, so this must be called within a Tokio
/// runtime. An address that makes no sense shows as `UNAVAILABLE` then. No file:
/// `NotFoundError`.
pub fn get_stub_from_model_dir(model_dir: &Path) -> Result<ControllerStub> {
    let path = model_dir.join(SERVER_ADDR_FILENAME);
    let bytes = std::fs::read(&path).map_err(|error| Error::from_io(&error, &path))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Error::new(ErrorKind::UnicodeDecodeError, error.to_string()))?;
    Ok(ControllerClient::new(channel(
        text.trim_end_matches(['\r', '\n']),
    )))
}

/// A stub for the controller at this address, for whoever has it from elsewhere.
pub fn get_stub_for_address(addr: &str) -> ControllerStub {
    ControllerClient::new(channel(addr))
}

fn channel(addr: &str) -> Channel {
    match Endpoint::from_shared(format!("http://{}", with_port(addr))) {
        Ok(endpoint) => endpoint.connect_lazy(),
        Err(error) => {
            // Python's channel takes any text and fails when it is used.
            tracing::warn!("{addr:?} is not an address: {error}");
            Endpoint::from_static("http://[::]:0").connect_lazy()
        }
    }
}

fn with_port(addr: &str) -> String {
    let host_end = addr.rfind(']').unwrap_or(0);
    if addr[host_end..].contains(':') {
        addr.to_owned()
    } else {
        format!("{addr}:{DEFAULT_PORT}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_port_gets_the_default() {
        assert_eq!(with_port("10.0.0.1"), "10.0.0.1:443");
        assert_eq!(with_port("10.0.0.1:80"), "10.0.0.1:80");
        assert_eq!(with_port("[fe80::1]"), "[fe80::1]:443");
        assert_eq!(with_port("[fe80::1]:80"), "[fe80::1]:80");
    }
}
