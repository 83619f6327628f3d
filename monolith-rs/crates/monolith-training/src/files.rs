//! Files that are written whole.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::errors::{Error, Result};

/// The mode of every file that this crate writes: readable by all.
const MODE: u32 = 0o644;

/// Replaces a file, so that a reader sees the old content or the new one.
///
/// The content goes into a temporary file in the same folder first. Its name is its
/// own, so writers of one path don't share it, and it is removed if anything fails.
pub(crate) fn write_whole(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    replace(path, content.as_ref()).map_err(|error| Error::from_io(&error, path))
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // The error's own text names the temporary file, at random.
    let mut file = NamedTempFile::new_in(folder).map_err(|error| io::Error::from(error.kind()))?;
    file.as_file_mut().write_all(content)?;
    file.as_file()
        .set_permissions(Permissions::from_mode(MODE))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::errors::ErrorKind;

    #[test]
    fn a_written_file_is_readable_by_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        for content in ["first", "second"] {
            write_whole(&path, content).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o644);
        }
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folder");
        fs::create_dir(&path).unwrap();
        let error = write_whole(&path, "text").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPreconditionError);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_not_found_and_told_in_the_same_words() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gone/file");
        let error = write_whole(&path, "text").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFoundError);
        assert_eq!(write_whole(&path, "text").unwrap_err(), error);
    }

    #[test]
    fn writers_of_one_path_do_not_disturb_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for writer in 0..4 {
                let (start, path) = (&start, &path);
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..50 {
                        write_whole(path, writer.to_string().repeat(1000)).unwrap();
                    }
                });
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, text[..1].repeat(1000));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
