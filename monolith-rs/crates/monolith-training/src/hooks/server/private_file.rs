//! Files that nobody but their owner can use.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::errors::{Error, Result};

/// What a file may let nobody but its owner do.
const FOR_OTHERS: u32 = 0o077;

/// The bits of a file's mode that say who may do what.
const PERMISSIONS: u32 = 0o7777;

/// The text of a regular file that nobody but this process's user can use.
pub(super) fn read_private(path: &Path) -> Result<String> {
    let shown = path.display();
    let unread = |error| Error::access(format!("{shown} can't be read: {error}"));
    let mut file = open(path).map_err(unread)?;
    let found = file.metadata().map_err(unread)?;
    let (user, mode) = (
        rustix::process::geteuid().as_raw(),
        found.mode() & PERMISSIONS,
    );
    let wrong = if !found.is_file() {
        "isn't a regular file".to_owned()
    } else if found.uid() != user {
        let owner = found.uid();
        format!("belongs to the user {owner}; expected {user}, who runs this")
    } else if mode & FOR_OTHERS != 0 {
        format!("is open to others (mode {mode:04o}); expected mode 0600")
    } else {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unread)?;
        match String::from_utf8(bytes) {
            Ok(text) => return Ok(text),
            Err(error) => {
                let place = error.utf8_error().valid_up_to();
                format!("isn't UTF-8, from byte {place} on")
            }
        }
    };
    Err(Error::access(format!("{shown} {wrong}")))
}

/// Opens a file; a pipe without waiting for its writer.
fn open(path: &Path) -> std::io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;
    use crate::errors::ErrorKind;

    fn file(dir: &Path, content: &[u8], mode: u32) -> PathBuf {
        let path = dir.join("file");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    /// The message of the error, from the file's name on.
    fn refused(path: &Path) -> String {
        let error = read_private(path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AccessError);
        let folder = format!("{}/", path.parent().unwrap().display());
        error.message().replacen(&folder, "", 1)
    }

    #[test]
    fn a_file_that_others_may_use_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777] {
            let path = file(dir.path(), b"text", mode);
            let expected = format!("file is open to others (mode {mode:04o}); expected mode 0600");
            assert_eq!(refused(&path), expected);
        }
        for mode in [0o600, 0o400, 0o700] {
            let path = file(dir.path(), b"text", mode);
            assert_eq!(read_private(&path).unwrap(), "text");
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path(), &[b'#', 0xff], 0o600);
        assert_eq!(refused(&path), "file isn't UTF-8, from byte 1 on");
    }

    #[test]
    fn what_is_no_regular_file_is_refused_and_a_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path(), b"text", 0o600);
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(read_private(&link).unwrap(), "text");
        let pipe = dir.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        for other in [dir.path(), &pipe] {
            assert!(refused(other).ends_with("isn't a regular file"));
        }
        let missing = refused(&dir.path().join("none"));
        assert!(missing.starts_with("none can't be read: "), "{missing}");
    }
}
