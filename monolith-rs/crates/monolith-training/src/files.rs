//! The files of a model directory: read, written whole, deleted.
//!
//! Whoever uses them is given [`Files`], by default those on the disk. A test can have an
//! operation fail.

use std::fmt;
use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use tempfile::NamedTempFile;

use crate::errors::{Error, Result};

/// The mode that files are made with; the umask takes from it, usually to 0644.
const MODE: u32 = 0o666;

/// An operation on a file that can fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Its content is read.
    Read,
    /// The second half of a new content is written beside it.
    Write,
    /// The new content takes its place.
    Rename,
    /// It is deleted.
    Delete,
}

/// Says whether an operation on the file at a path fails.
type Check = dyn Fn(Operation, &Path) -> Result<()> + Send + Sync;

/// The files on the disk; clones are the same ones.
#[derive(Clone, Default)]
pub struct Files {
    check: Option<Arc<Check>>,
}

impl Files {
    /// Files of which each operation is asked for first, and fails with the error of that.
    pub fn checked_by(
        check: impl Fn(Operation, &Path) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let check: Arc<Check> = Arc::new(check);
        Self { check: Some(check) }
    }

    /// What a file holds; nothing if it isn't there, which nobody is asked for.
    pub(crate) fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        if !path.exists() {
            return Ok(None);
        }
        self.ask(Operation::Read, path)?;
        match std::fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::from_io(&error, path)),
        }
    }

    /// Replaces a file, so that a reader sees the old content or the new one.
    ///
    /// The content goes into a temporary file in the same folder first. Its name is its
    /// own, so writers of one path don't share it, and it is removed if anything fails.
    pub(crate) fn write_whole(&self, path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
        let failed = |error: io::Error| Error::from_io(&error, path);
        let (first, second) = content.as_ref().split_at(content.as_ref().len() / 2);
        let mut file = temporary_beside(path).map_err(failed)?;
        file.as_file_mut().write_all(first).map_err(failed)?;
        self.ask(Operation::Write, path)?;
        file.as_file_mut().write_all(second).map_err(failed)?;
        self.ask(Operation::Rename, path)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Deletes a file; one that isn't there is a `NotFoundError`.
    pub(crate) fn delete(&self, path: &Path) -> Result<()> {
        self.ask(Operation::Delete, path)?;
        std::fs::remove_file(path).map_err(|error| Error::from_io(&error, path))
    }

    fn ask(&self, operation: Operation, path: &Path) -> Result<()> {
        match &self.check {
            Some(check) => check(operation, path),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files")
            .field("checked", &self.check.is_some())
            .finish()
    }
}

fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // The error's own text names the temporary file, at random.
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder)
        .map_err(|error| io::Error::from(error.kind()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::errors::ErrorKind;

    #[test]
    fn a_written_file_has_the_mode_of_any_new_file() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("other"), "").unwrap();
        let mode_of = |name: &str| {
            let path = dir.path().join(name);
            fs::metadata(path).unwrap().permissions().mode()
        };
        let path = dir.path().join("file");
        for content in ["first", "second"] {
            Files::default().write_whole(&path, content).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(mode_of("file"), mode_of("other"));
        }
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folder");
        fs::create_dir(&path).unwrap();
        let error = Files::default().write_whole(&path, "text").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPreconditionError);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_not_found_and_told_in_the_same_words() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gone/file");
        let error = Files::default().write_whole(&path, "text").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFoundError);
        assert_eq!(
            Files::default().write_whole(&path, "text").unwrap_err(),
            error
        );
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
                        Files::default()
                            .write_whole(path, writer.to_string().repeat(1000))
                            .unwrap();
                    }
                });
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, text[..1].repeat(1000));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn each_operation_is_asked_for_and_fails_with_the_answer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        Files::default().write_whole(&path, "before").unwrap();
        let failing = |failing: Operation| {
            Files::checked_by(move |operation, path| {
                assert!(path.ends_with("file"));
                if operation == failing {
                    return Err(Error::value("asked"));
                }
                Ok(())
            })
        };
        let asked = Err(Error::value("asked"));
        assert_eq!(failing(Operation::Read).read(&path).map(drop), asked);
        for operation in [Operation::Write, Operation::Rename] {
            assert_eq!(failing(operation).write_whole(&path, "after"), asked);
        }
        assert_eq!(failing(Operation::Delete).delete(&path), asked);
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn half_of_the_content_is_there_when_a_write_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let files = Files::checked_by(move |operation, path| {
            let folder = fs::read_dir(path.parent().unwrap()).unwrap();
            let lengths = folder.map(|it| it.unwrap().metadata().unwrap().len());
            let expected = match operation {
                Operation::Write => 2,
                _ => 5,
            };
            assert_eq!(lengths.collect::<Vec<_>>(), [expected]);
            Ok(())
        });
        files.write_whole(&path, "12345").unwrap();
        assert_eq!(files.read(&path).unwrap().unwrap(), b"12345");
    }

    #[test]
    fn what_is_not_there_is_not_read_and_cannot_be_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let files = Files::default();
        assert_eq!(files.read(&path), Ok(None));
        let error = files.delete(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFoundError);
    }
}
