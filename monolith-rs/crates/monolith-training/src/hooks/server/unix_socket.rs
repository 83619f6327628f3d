//! The unix socket that a controller's server listens on, and its file.
//!
//! gRPC's C core, and so gRPC for Python, calls the server by the socket's path with percent signs
//! in it, which HTTP/2 in Rust takes for no name: it resets the stream. Such a client has to set
//! `grpc.default_authority`.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use super::listening::BACKLOG;
use crate::errors::{Error, Result};

/// Nobody but the owner may connect.
const MODE: u32 = 0o600;

/// A socket's file, which is removed when this is dropped, unless it is another's by then.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    id: Option<(u64, u64)>,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.id.is_some() && id_of(&self.path) == self.id {
            // Then it has been removed meanwhile.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Listens on a socket of this path, in place of one that nobody listens on.
pub(super) fn listen_at_path(path: &Path) -> Result<(UnixListener, SocketFile)> {
    remove_stale(path)?;
    let failed = |error: io::Error| {
        let path = path.display();
        Error::access(format!("unix:{path} can't be listened on: {error}"))
    };
    let listener = bind(path).map_err(failed)?;
    let file = SocketFile {
        path: path.to_owned(),
        id: id_of(path),
    };
    Ok((listener, file))
}

/// The file never has another mode: Linux makes it with the socket's own.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    rustix::fs::fchmod(&socket, rustix::fs::Mode::from_raw_mode(MODE))?;
    socket.bind(&SockAddr::unix(path)?)?;
    // Until it listens nobody connects, whatever mode another system has made it with.
    fs::set_permissions(path, Permissions::from_mode(MODE))?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn remove_stale(path: &Path) -> Result<()> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let shown = path.display();
    if !found.file_type().is_socket() {
        let message = format!("{shown} is there already, and isn't a socket");
        return Err(Error::access(message));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)
            .map_err(|error| Error::access(format!("{shown} can't be replaced: {error}"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Err(Error::access(format!(
            "unix:{shown} is in use by another server"
        ))),
    }
}

fn id_of(path: &Path) -> Option<(u64, u64)> {
    let found = fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_the_owners_and_goes_with_the_server() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let (listener, file) = listen_at_path(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, MODE);
        UnixStream::connect(&path).unwrap();
        let error = listen_at_path(&path).unwrap_err();
        assert!(
            error.message().ends_with("is in use by another server"),
            "{error}"
        );
        drop((listener, file));
        assert!(!path.exists());
    }

    #[test]
    fn a_stale_socket_is_replaced_and_another_file_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        drop(UnixListener::bind(&path).unwrap());
        let (_listener, file) = listen_at_path(&path).unwrap();
        UnixStream::connect(&path).unwrap();
        // Another server's socket under the same name isn't this one's to remove.
        fs::rename(&path, dir.path().join("other")).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(file);
        assert!(path.exists());
        let file = dir.path().join("file");
        fs::write(&file, "precious").unwrap();
        let error = listen_at_path(&file).unwrap_err();
        assert!(error.message().ends_with("isn't a socket"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
        let nowhere = dir.path().join("nowhere/socket");
        assert!(
            listen_at_path(&nowhere)
                .unwrap_err()
                .message()
                .contains("can't be listened on")
        );
    }
}
