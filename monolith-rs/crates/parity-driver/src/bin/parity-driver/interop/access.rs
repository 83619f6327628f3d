//! Conversion of the access options in interop requests to those of the port.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_training::clock::relock;
use monolith_training::errors::{Error, Result};
use monolith_training::hooks::server::access::{Audit, ClientAccess, ServerAccess};
use parity_driver::wire::protocol::{InteropClientAccess, InteropServerAccess};

/// Converts the options of a server.
pub(super) fn of_server(access: InteropServerAccess) -> Result<ServerAccess> {
    let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(ServerAccess {
        address: access.address,
        certificate: access.certificate.map(PathBuf::from),
        private_key: access.private_key.map(PathBuf::from),
        client_ca: access.client_ca.map(PathBuf::from),
        token_file: access.token_file.map(PathBuf::from),
        max_request_bytes: size(access.max_request_bytes),
        max_metadata_bytes: size(access.max_metadata_bytes),
        max_concurrent_calls: size(access.max_concurrent_calls),
        max_deadline: access.max_deadline_ms.map(Duration::from_millis),
        health_service: access.health_service,
        reflection: access.reflection,
        audit: access.audit.as_deref().map(appending_to).transpose()?,
        remove_address_file: access.remove_address_file,
    })
}

/// Converts the options of a client.
pub(super) fn of_client(access: &InteropClientAccess) -> ClientAccess {
    let path = |path: &Option<String>| path.as_ref().map(PathBuf::from);
    ClientAccess {
        ca: path(&access.ca),
        certificate: path(&access.certificate),
        private_key: path(&access.private_key),
        server_name: access.server_name.clone(),
        token_file: path(&access.token_file),
        proxy: access.proxy.clone(),
    }
}

/// Returns an audit that appends its lines to this file.
fn appending_to(path: &str) -> Result<Audit> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let file = file.map_err(|error| Error::access(format!("{path} can't be written: {error}")))?;
    let file = Mutex::new(file);
    Ok(Arc::new(move |record| {
        let line = format!("{}\n", record.line());
        if let Err(error) = relock(&file).write_all(line.as_bytes()) {
            tracing::error!("a line of the audit is lost: {error}");
        }
    }))
}
