//! TLS for both ends, from PEM files.

use std::error::Error as StdError;
use std::path::Path;
use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig};

use super::access::{ClientAccess, ServerAccess};
use crate::errors::{Error, Result};

/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// A server that speaks TLS if `access` wants it, and none if its files can't be used.
pub(super) fn server(access: &ServerAccess) -> Result<Server> {
    let Some(identity) = identity(access.certificate.as_deref(), access.private_key.as_deref())?
    else {
        if access.client_ca.is_some() {
            let message = "client_ca needs certificate and private_key: TLS is for both ends";
            return Err(Error::access(message));
        }
        return Ok(Server::builder());
    };
    let mut tls = ServerTlsConfig::new().identity(identity).timeout(HANDSHAKE);
    if let Some(path) = &access.client_ca {
        tls = tls.client_ca_root(Certificate::from_pem(read(path)?));
    }
    let server = Server::builder().tls_config(tls);
    server.map_err(|error| unusable(&error))
}

/// A client's TLS if `access` wants it; the name to expect is `host` if `access` names none.
pub(super) fn client(access: &ClientAccess) -> Result<Option<ClientTlsConfig>> {
    let identity = identity(access.certificate.as_deref(), access.private_key.as_deref())?;
    let Some(ca) = &access.ca else {
        let lacking = [
            ("certificate", identity.is_some()),
            ("server_name", access.server_name.is_some()),
        ];
        return match lacking.iter().find(|(_, is_there)| *is_there) {
            Some((name, _)) => {
                let message = "needs ca, the authorities of the server's certificate";
                Err(Error::access(format!("{name} {message}")))
            }
            None => Ok(None),
        };
    };
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(ca)?));
    if let Some(identity) = identity {
        tls = tls.identity(identity);
    }
    let name = access.server_name.as_deref().unwrap_or("localhost");
    // Otherwise it would be known when the first call is made.
    Endpoint::from_static("https://localhost")
        .tls_config(tls.clone().domain_name(name))
        .map_err(|error| unusable(&error))?;
    Ok(Some(tls))
}

fn identity(certificate: Option<&Path>, private_key: Option<&Path>) -> Result<Option<Identity>> {
    match (certificate, private_key) {
        (Some(certificate), Some(key)) => {
            Ok(Some(Identity::from_pem(read(certificate)?, read(key)?)))
        }
        (None, None) => Ok(None),
        _ => Err(Error::access(
            "expected certificate and private_key together, got one of them",
        )),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let content = std::fs::read(path)
        .map_err(|error| Error::access(format!("{shown} can't be read: {error}")))?;
    let begin = b"-----BEGIN ";
    if content.windows(begin.len()).any(|bytes| bytes == begin) {
        return Ok(content);
    }
    Err(Error::access(format!("{shown} isn't a PEM file")))
}

/// Tonic's own text is that there is an error; why is in those under it.
fn unusable(error: &tonic::transport::Error) -> Error {
    let mut reasons = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        reasons.push(error.to_string());
        cause = error.source();
    }
    let reasons = reasons.join(": ");
    Error::access(format!("TLS isn't possible with these files: {reasons}"))
}
