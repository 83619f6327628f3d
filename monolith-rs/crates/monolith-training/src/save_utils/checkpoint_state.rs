//! TensorFlow's state files, which name the checkpoints of a folder.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::clock::relock;
use crate::errors::{Error, Result};
use crate::files::Files;
use crate::text::decode_utf8;
use crate::text_format::{Value, parse_fields, quote};

/// The file that names the newest checkpoint, in TensorFlow's text form.
pub const STATE_FILENAME: &str = "checkpoint";

/// Contents of a state file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CheckpointState {
    /// The newest checkpoint.
    pub model_checkpoint_path: String,
    /// All of them, the oldest first.
    pub all_model_checkpoint_paths: Vec<String>,
}

/// Reads a folder's state file, `tf.train.get_checkpoint_state`.
///
/// Relative paths get the folder in front. None where there is no file, or it can't be
/// read or parsed (a WARNING); one that names no newest checkpoint is a `ValueError`, one
/// that isn't UTF-8 a `UnicodeDecodeError`.
pub fn get_checkpoint_state(dir: &Path, filename: &str) -> Result<Option<CheckpointState>> {
    let path = dir.join(filename);
    let Some(mut state) = read_if_valid(&Files::default(), &path, parse)? else {
        return Ok(None);
    };
    if state.model_checkpoint_path.is_empty() {
        let message = format!("Invalid checkpoint state loaded from {}", dir.display());
        return Err(Error::value(message));
    }
    let paths = state.all_model_checkpoint_paths.iter_mut();
    for path in paths.chain([&mut state.model_checkpoint_path]) {
        *path = dir.join(&*path).display().to_string();
    }
    Ok(Some(state))
}

/// Reads and parses a file. None where there is none, or it can't be read or parsed, with a
/// WARNING; an error in reading it that isn't an `OpError` leaves, such as that it isn't UTF-8.
pub(super) fn read_if_valid<T>(
    files: &Files,
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>> {
    let parsed = match files.read(path) {
        Ok(Some(bytes)) => parse(&decode_utf8(bytes)?),
        Ok(None) => return Ok(None),
        Err(error) if error.is_op_error() => Err(error.to_string()),
        Err(error) => return Err(error),
    };
    let state = parsed.inspect_err(|why| warn_of_ignored(path, why));
    Ok(state.ok())
}

/// Says in a WARNING why a file counts as none.
pub(super) fn warn_of_ignored(path: &Path, why: &dyn fmt::Display) {
    tracing::warn!("{}: ignored: {why}", path.display());
}

/// The fields of the state that can have a list.
const REPEATED: [&str; 2] = [
    "all_model_checkpoint_paths",
    "all_model_checkpoint_timestamps",
];

fn parse(text: &str) -> Result<CheckpointState, String> {
    let mut state = CheckpointState::default();
    for field in parse_fields(text, &REPEATED)? {
        match (field.name.as_str(), field.value) {
            ("model_checkpoint_path", Value::Text(path)) => state.model_checkpoint_path = path,
            ("all_model_checkpoint_paths", Value::Text(path)) => {
                state.all_model_checkpoint_paths.push(path);
            }
            ("all_model_checkpoint_timestamps" | "last_preserved_timestamp", Value::Word(_)) => {}
            (name, value) => return Err(format!("unexpected field {name} of {value:?}")),
        }
    }
    Ok(state)
}

/// Writes a state file that names these, the newest last; with relative paths.
pub(crate) fn write_checkpoint_state(
    files: &Files,
    dir: &Path,
    filename: &str,
    kept: &[String],
) -> Result<()> {
    let newest = kept.last().into_iter();
    let newest = newest.map(|name| format!("model_checkpoint_path: {}\n", quote(name)));
    let all = kept.iter();
    let all = all.map(|name| format!("all_model_checkpoint_paths: {}\n", quote(name)));
    let text: String = newest.chain(all).collect();
    files.write_whole(&dir.join(filename), text)
}

/// The newest states of folders, each kept until a larger step is asked for (B74).
///
/// In Python there is one such cache in each process. The mutex is held while a state
/// is read, so that a folder's state is read once for a step.
#[derive(Debug, Default)]
pub struct LatestCheckpointStates {
    kept: Mutex<HashMap<PathBuf, (i64, Option<CheckpointState>)>>,
}

impl LatestCheckpointStates {
    /// A cache that keeps nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The folder's state. It is read anew where the step is larger than the one that
    /// it was kept for, or while there is none.
    pub fn get_latest_checkpoint_state(
        &self,
        checkpoint_dir: &Path,
        global_step_value: i64,
    ) -> Result<Option<CheckpointState>> {
        let mut kept = relock(&self.kept);
        match kept.get(checkpoint_dir) {
            Some((step, Some(state))) if global_step_value <= *step => Ok(Some(state.clone())),
            _ => {
                let state = get_checkpoint_state(checkpoint_dir, STATE_FILENAME)?;
                let value = (global_step_value, state.clone());
                kept.insert(checkpoint_dir.to_owned(), value);
                Ok(state)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::errors::ErrorKind;

    #[test]
    fn a_state_that_was_written_is_read_with_the_folder_in_front() {
        let dir = tempfile::tempdir().unwrap();
        let read = || get_checkpoint_state(dir.path(), "state");
        assert_eq!(read(), Ok(None));
        let kept = ["m-1".to_owned(), "/elsewhere/\"m\"-2".to_owned()];
        write_checkpoint_state(&Files::default(), dir.path(), "state", &kept).unwrap();
        let state = read().unwrap().unwrap();
        let first = dir.path().join("m-1").display().to_string();
        assert_eq!(state.all_model_checkpoint_paths, [first, kept[1].clone()]);
        assert_eq!(state.model_checkpoint_path, kept[1]);
    }

    #[test]
    fn what_is_no_state_is_none_and_one_without_a_newest_is_a_value_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(STATE_FILENAME);
        for wrong in [&b"model"[..], b"other: 1", b"model_checkpoint_path: 1"] {
            fs::write(&path, wrong).unwrap();
            assert_eq!(get_checkpoint_state(dir.path(), STATE_FILENAME), Ok(None));
        }
        fs::write(&path, b"\xff").unwrap();
        let error = get_checkpoint_state(dir.path(), STATE_FILENAME).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnicodeDecodeError);
        fs::write(&path, "last_preserved_timestamp: 1.5").unwrap();
        let error = get_checkpoint_state(dir.path(), STATE_FILENAME).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueError);
    }

    #[test]
    fn a_kept_state_is_read_anew_for_a_larger_step() {
        let dir = tempfile::tempdir().unwrap();
        let states = LatestCheckpointStates::new();
        let newest = |step| {
            let state = states.get_latest_checkpoint_state(dir.path(), step);
            let state = state.unwrap()?;
            Some(state.model_checkpoint_path.rsplit_once('/')?.1.to_owned())
        };
        let write = |name: &str| {
            let (files, kept) = (Files::default(), [name.to_owned()]);
            write_checkpoint_state(&files, dir.path(), STATE_FILENAME, &kept).unwrap();
        };
        assert_eq!(newest(5), None);
        write("m-5");
        assert_eq!(newest(5).as_deref(), Some("m-5"));
        write("m-6");
        assert_eq!(newest(4).as_deref(), Some("m-5"));
        assert_eq!(newest(6).as_deref(), Some("m-6"));
    }
}
