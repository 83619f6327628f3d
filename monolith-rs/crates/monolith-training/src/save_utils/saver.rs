//! Writing and finding checkpoint files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub use super::checkpoint_state::STATE_FILENAME;
use super::checkpoint_state::{get_checkpoint_state, write_checkpoint_state};
use crate::clock::relock;
use crate::errors::{Error, ErrorKind, Result};
use crate::files::write_whole;
use crate::session::Session;

/// The default basename of checkpoints.
pub const BASENAME: &str = "model.ckpt";

/// How many checkpoints are kept.
const MAX_TO_KEEP: usize = 5;

/// Writes a session's variables to a checkpoint.
pub trait Saver: Send + Sync {
    /// Writes `<dir>/<basename>-<step>` and names it the newest.
    fn save(&self, session: &Session, dir: &Path, basename: &str, step: i64) -> Result<()>;
}

/// Writes checkpoints that hold the global step, as there is nothing else.
///
/// Keeps the newest five that it has written. The mutex guards their names and
/// is held while files are written; nothing in there waits for time to pass.
#[derive(Debug, Default)]
pub struct FileSaver {
    kept: Mutex<Vec<String>>,
}

impl Saver for FileSaver {
    fn save(&self, session: &Session, dir: &Path, basename: &str, step: i64) -> Result<()> {
        let content = format!("global_step: {}\n", session.global_step()?);
        let name = format!("{basename}-{step}");
        make_folder(dir, basename)?;
        write_whole(&dir.join(&name), &content)?;
        let mut kept = relock(&self.kept);
        for oldest in keep_newest(&mut kept, name) {
            // One that somebody else removed is removed.
            drop(fs::remove_file(dir.join(oldest)));
        }
        write_checkpoint_state(dir, STATE_FILENAME, &kept)
    }
}

/// Makes a missing folder in an existing one, and no more, as TensorFlow's saver does:
/// where that is missing too it is a `ValueError` (B60).
pub(crate) fn make_folder(dir: &Path, basename: &str) -> Result<()> {
    if !dir.is_dir() {
        // Another process may make it at the same moment: what counts is that it is there.
        drop(fs::create_dir(dir));
    }
    if dir.is_dir() {
        return Ok(());
    }
    let prefix = dir.join(basename);
    Err(Error::value(format!(
        "Parent directory of {} doesn't exist, can't save.",
        prefix.display()
    )))
}

/// Makes `name` the newest of those that are kept, and takes out those that are too many.
pub(crate) fn keep_newest(kept: &mut Vec<String>, name: String) -> Vec<String> {
    kept.retain(|other| *other != name);
    kept.push(name);
    let too_many = kept.len().saturating_sub(MAX_TO_KEEP);
    kept.drain(..too_many).collect()
}

/// The global step in the newest checkpoint in `dir`, if there is one.
pub fn restore_global_step(dir: &Path) -> Result<Option<i64>> {
    let Some(state) = get_checkpoint_state(dir, STATE_FILENAME)? else {
        return Ok(None);
    };
    let path = PathBuf::from(state.model_checkpoint_path);
    let text = fs::read_to_string(&path).map_err(|error| Error::from_io(&error, &path))?;
    let step = text
        .trim()
        .strip_prefix("global_step: ")
        .and_then(|step| step.parse().ok());
    match step {
        Some(step) => Ok(Some(step)),
        None => Err(Error::new(
            ErrorKind::DataLossError,
            format!("{} is not a checkpoint", path.display()),
        )),
    }
}
