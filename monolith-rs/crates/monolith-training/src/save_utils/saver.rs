//! Writing and finding checkpoint files.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub use super::checkpoint_state::STATE_FILENAME;
use super::checkpoint_state::{get_checkpoint_state, write_checkpoint_state};
use crate::clock::relock;
use crate::errors::{Error, ErrorKind, Result};
use crate::files::Files;
use crate::session::Session;

/// The default basename of checkpoints.
pub const BASENAME: &str = "model.ckpt";

/// How many checkpoints are kept.
const MAX_TO_KEEP: usize = 5;

/// Writes a session's variables to a checkpoint.
pub trait Saver: Send + Sync {
    /// Writes `<dir>/<basename>-<step>` and names it the newest.
    fn save(&self, session: &Session, dir: &Path, basename: &str, step: i64) -> Result<()>;

    /// Told of a session that was restored from `dir`: what its state file names is
    /// what is kept.
    fn recover_last_checkpoints(&self, _dir: &Path) -> Result<()> {
        Ok(())
    }
}

/// Writes checkpoints that hold the global step, as there is nothing else.
///
/// Keeps the newest five that it has written, in the order of TensorFlow's saver: the
/// state file never names one that isn't there. The mutex guards their
/// names and is held while files are written; nothing in there waits for time to pass.
#[derive(Debug, Default)]
pub struct FileSaver {
    files: Files,
    kept: Mutex<Kept>,
}

impl FileSaver {
    /// Writes these files.
    pub fn new(files: Files) -> Self {
        Self {
            files,
            kept: Mutex::default(),
        }
    }
}

impl Saver for FileSaver {
    fn save(&self, session: &Session, dir: &Path, basename: &str, step: i64) -> Result<()> {
        let content = format!("global_step: {}\n", session.global_step()?);
        let name = format!("{basename}-{step}");
        fs::create_dir_all(dir).map_err(|error| Error::from_io(&error, dir))?;
        self.files.write_whole(&dir.join(&name), &content)?;
        let mut kept = relock(&self.kept);
        kept.add(name);
        write_checkpoint_state(&self.files, dir, STATE_FILENAME, kept.names())?;
        if let Some(oldest) = kept.take_surplus() {
            // One that somebody else removed is removed.
            drop(fs::remove_file(dir.join(oldest)));
        }
        Ok(())
    }

    fn recover_last_checkpoints(&self, dir: &Path) -> Result<()> {
        if let Some(state) = get_checkpoint_state(dir, STATE_FILENAME)? {
            let paths = state.all_model_checkpoint_paths.iter().map(Path::new);
            let names = paths.filter(|path| path.is_file()).map(|path| {
                let name = path.strip_prefix(dir).unwrap_or(path);
                name.display().to_string()
            });
            relock(&self.kept).names = names.collect();
        }
        Ok(())
    }
}

/// The names of a saver's checkpoints, as TensorFlow's keeps them.
///
/// The one that becomes too many is deleted only once the state file no longer names
/// it. Where that can't be written it waits, and each later save deletes one: the one that
/// has waited longest.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    names: Vec<String>,
    surplus: VecDeque<String>,
}

impl Kept {
    /// Makes this the newest.
    pub(crate) fn add(&mut self, name: String) {
        self.names.retain(|other| *other != name);
        self.names.push(name);
        if self.names.len() > MAX_TO_KEEP {
            self.surplus.push_back(self.names.remove(0));
        }
    }

    /// Those that are kept, the oldest first.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The one to delete now, if there is one.
    pub(crate) fn take_surplus(&mut self) -> Option<String> {
        self.surplus.pop_front()
    }
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
