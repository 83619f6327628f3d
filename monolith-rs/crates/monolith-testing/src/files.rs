//! Files whose operations fail on demand.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::strikes::Strikes;
use monolith_training::clock::relock;
use monolith_training::errors::{Error, Result};
use monolith_training::files::{Files, Operation};

/// A fault: one operation raises an error on files of one name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileFault {
    /// The operation that fails.
    pub operation: Operation,
    /// The file's name, in any folder.
    pub file: String,
    /// The error that it raises.
    pub error: Error,
    /// The number of operations that still succeed first.
    pub skips: u32,
    /// The number of operations that fail after those; `None` for all.
    pub times: Option<u32>,
}

impl FileFault {
    fn is_of(&self, operation: Operation, file: &str) -> bool {
        self.operation == operation && self.file == file
    }

    /// Counts an operation and returns its error if it fails.
    fn next(&mut self) -> Option<Error> {
        if self.skips > 0 {
            self.skips -= 1;
            return None;
        }
        match &mut self.times {
            Some(0) => return None,
            Some(left) => *left -= 1,
            None => {}
        }
        Some(self.error.clone())
    }
}

/// Callback with the operation and the file's name, called just before the error is raised.
type Failed = dyn Fn(Operation, &str) + Send + Sync;

/// Injector of faults into file operations. No lock is held while `failed` is called.
pub struct FaultyFiles {
    strikes: Arc<Strikes>,
    failed: Box<Failed>,
    /// Each fault with the path that identifies it in [`Strikes`].
    faults: Mutex<Vec<(FileFault, String)>>,
}

impl FaultyFiles {
    /// Creates an injector without faults.
    pub fn new(
        strikes: Arc<Strikes>,
        failed: impl Fn(Operation, &str) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            strikes,
            failed: Box::new(failed),
            faults: Mutex::default(),
        })
    }

    /// Returns the files on disk, subject to these faults.
    pub fn files(self: &Arc<Self>) -> Files {
        let faults = Arc::clone(self);
        Files::checked_by(move |operation, path| faults.check(operation, path))
    }

    /// Adds a fault, which replaces an earlier one for the same operation and file.
    ///
    /// `path` identifies it in [`Strikes`].
    pub fn set(&self, fault: FileFault, path: &str) {
        let mut faults = relock(&self.faults);
        faults.retain(|(earlier, _)| !earlier.is_of(fault.operation, &fault.file));
        faults.push((fault, path.to_owned()));
    }

    fn check(&self, operation: Operation, path: &Path) -> Result<()> {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        match self.next_error(operation, &file) {
            Some(error) => {
                (self.failed)(operation, &file);
                Err(error)
            }
            None => Ok(()),
        }
    }

    fn next_error(&self, operation: Operation, file: &str) -> Option<Error> {
        let mut faults = relock(&self.faults);
        let mut faults = faults.iter_mut();
        let (fault, path) = faults.find(|(fault, _)| fault.is_of(operation, file))?;
        let error = fault.next()?;
        self.strikes.strike(path);
        Some(error)
    }
}

impl fmt::Debug for FaultyFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyFiles({:?})", self.faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(message: &str, skips: u32, times: Option<u32>) -> FileFault {
        FileFault {
            operation: Operation::Rename,
            file: "file".to_owned(),
            error: Error::value(message),
            skips,
            times,
        }
    }

    #[test]
    fn it_skips_strikes_so_often_and_stops() {
        let strikes = Arc::new(Strikes::default());
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let faulty = FaultyFiles::new(Arc::clone(&strikes), move |operation, file| {
            relock(&tell).push((operation, file.to_owned()));
        });
        let check = |operation, name: &str| {
            let outcome = faulty.check(operation, &Path::new("/folder").join(name));
            outcome.map_err(|error| error.message().to_owned())
        };
        assert_eq!(check(Operation::Rename, "file"), Ok(()));
        strikes.declare("one");
        faulty.set(fault("one", 1, Some(2)), "one");
        assert_eq!(check(Operation::Write, "file"), Ok(()));
        assert_eq!(check(Operation::Rename, "file.tmp"), Ok(()));
        assert_eq!(check(Operation::Rename, "file"), Ok(()));
        assert!(!strikes.all()["one"]);
        for _ in 0..2 {
            assert_eq!(check(Operation::Rename, "file"), Err("one".to_owned()));
        }
        assert!(strikes.all()["one"]);
        assert_eq!(check(Operation::Rename, "file"), Ok(()));
        let failure = (Operation::Rename, "file".to_owned());
        assert_eq!(*relock(&told), [failure.clone(), failure]);
    }

    #[test]
    fn a_later_one_of_the_same_operation_and_file_replaces_it() {
        let faulty = FaultyFiles::new(Arc::default(), |_, _| {});
        faulty.set(fault("one", 0, None), "one");
        faulty.set(fault("two", 0, None), "two");
        let error = faulty.check(Operation::Rename, Path::new("file"));
        assert_eq!(error, Err(Error::value("two")));
        assert_eq!(relock(&faulty.faults).len(), 1);
    }
}
