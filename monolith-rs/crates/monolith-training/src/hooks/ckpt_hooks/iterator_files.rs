//! The files in which a worker's iterators are saved (B60).
//!
//! They have the names of TensorFlow's. What is in them is the port's own: the index
//! holds the length of each position, one a line, and the data the positions.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::clock::relock;
use crate::errors::{Error, ErrorKind, Result};
use crate::files::Files;
use crate::save_utils::checkpoint_state::{get_checkpoint_state, write_checkpoint_state};
use crate::save_utils::saver::Kept;

/// The files of one worker in one folder.
///
/// The mutex guards the names of those that it has written, of which five are kept. It
/// is held while files are written; nothing in there waits for time to pass.
#[derive(Debug)]
pub(super) struct IteratorFiles {
    dir: PathBuf,
    basename: String,
    state_filename: String,
    kept: Mutex<Kept>,
}

impl IteratorFiles {
    pub(super) fn new(dir: PathBuf, index: usize) -> Self {
        Self {
            dir,
            basename: format!("input_worker_{index}.ckpt"),
            state_filename: format!("checkpoint_input_worker_{index}"),
            kept: Mutex::default(),
        }
    }

    /// Writes the positions; the index, which is looked for, last.
    ///
    /// As TensorFlow's saver does, it makes the folder in an existing one, and no more:
    /// `ValueError`.
    pub(super) fn write(&self, step: i64, positions: &[Vec<u8>]) -> Result<()> {
        if !self.dir.is_dir() {
            // Another worker may make it at the same moment: what counts is that it is there.
            drop(fs::create_dir(&self.dir));
        }
        if !self.dir.is_dir() {
            let prefix = self.dir.join(&self.basename);
            return Err(Error::value(format!(
                "Parent directory of {} doesn't exist, can't save.",
                prefix.display()
            )));
        }
        let name = format!("{}-{step}", self.basename);
        let lengths = positions.iter();
        let lengths: Vec<String> = lengths.map(|it| format!("{}\n", it.len())).collect();
        let mut kept = relock(&self.kept);
        let files = Files::default();
        files.write_whole(&data(&self.dir.join(&name)), positions.concat())?;
        files.write_whole(&index_of(&self.dir.join(&name)), lengths.concat())?;
        kept.add(name);
        write_checkpoint_state(&files, &self.dir, &self.state_filename, kept.names())?;
        if let Some(oldest) = kept.take_surplus() {
            let oldest = self.dir.join(oldest);
            // One that somebody else removed is removed.
            drop(fs::remove_file(index_of(&oldest)));
            drop(fs::remove_file(data(&oldest)));
        }
        Ok(())
    }

    /// The positions that were written last, and the prefix of their files; none where
    /// there are no such files.
    pub(super) fn read(&self) -> Result<Option<(String, Vec<Vec<u8>>)>> {
        let Some(state) = get_checkpoint_state(&self.dir, &self.state_filename)? else {
            return Ok(None);
        };
        let prefix = state.model_checkpoint_path;
        let (index, data) = (index_of(Path::new(&prefix)), data(Path::new(&prefix)));
        if !index.is_file() {
            return Ok(None);
        }
        let bytes = fs::read(&data).map_err(|error| Error::from_io(&error, &data))?;
        let text = fs::read_to_string(&index).map_err(|error| Error::from_io(&error, &index))?;
        let positions = split(&text, &bytes).ok_or_else(|| {
            let message = format!("{prefix} is no checkpoint of iterators");
            Error::new(ErrorKind::DataLossError, message)
        })?;
        Ok(Some((prefix, positions)))
    }
}

/// Takes the bytes apart into pieces of the lengths in `index`.
fn split(index: &str, mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut pieces = Vec::new();
    for length in index.lines() {
        let (piece, rest) = bytes.split_at_checked(length.parse().ok()?)?;
        pieces.push(piece.to_vec());
        bytes = rest;
    }
    bytes.is_empty().then_some(pieces)
}

fn index_of(prefix: &Path) -> PathBuf {
    with_ending(prefix, ".index")
}

fn data(prefix: &Path) -> PathBuf {
    with_ending(prefix, ".data-00000-of-00001")
}

fn with_ending(prefix: &Path, ending: &str) -> PathBuf {
    let mut path = prefix.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_last_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let files = IteratorFiles::new(dir.path().to_owned(), 3);
        assert_eq!(files.read(), Ok(None));
        let positions = vec![b"one".to_vec(), Vec::new(), b"\xff\n".to_vec()];
        files.write(1, &[]).unwrap();
        files.write(2, &positions).unwrap();
        let (prefix, read) = files.read().unwrap().unwrap();
        assert!(prefix.ends_with("/input_worker_3.ckpt-2"));
        assert_eq!(read, positions);
    }

    #[test]
    fn files_that_do_not_match_are_lost_data() {
        let dir = tempfile::tempdir().unwrap();
        let files = IteratorFiles::new(dir.path().to_owned(), 0);
        files.write(7, &[b"one".to_vec()]).unwrap();
        for wrong in ["2\n", "4\n", "x\n", "-1\n"] {
            fs::write(dir.path().join("input_worker_0.ckpt-7.index"), wrong).unwrap();
            let error = files.read().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DataLossError, "{wrong:?}");
        }
    }
}
