//! Writing and finding checkpoint files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::clock::relock;
use crate::errors::{Error, ErrorKind, Result};
use crate::files::write_whole;
use crate::session::Session;

/// The file that names the newest checkpoint, in TensorFlow's text form.
pub const STATE_FILENAME: &str = "checkpoint";

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
        fs::create_dir_all(dir).map_err(|error| Error::from_io(&error, dir))?;
        write_whole(&dir.join(&name), &content)?;
        let mut kept = relock(&self.kept);
        kept.retain(|other| *other != name);
        kept.push(name);
        while kept.len() > MAX_TO_KEEP {
            let oldest = dir.join(kept.remove(0));
            // One that somebody else removed is removed.
            drop(fs::remove_file(oldest));
        }
        write_whole(&dir.join(STATE_FILENAME), state_text(&kept))
    }
}

fn state_text(kept: &[String]) -> String {
    let mut lines: Vec<String> = kept
        .last()
        .map(|newest| format!("model_checkpoint_path: \"{newest}\"\n"))
        .into_iter()
        .collect();
    lines.extend(
        kept.iter()
            .map(|name| format!("all_model_checkpoint_paths: \"{name}\"\n")),
    );
    lines.concat()
}

/// The path prefix of the newest checkpoint in `dir`; none where the file that
/// names it can't be read, as TensorFlow has it.
fn latest_checkpoint(dir: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(dir.join(STATE_FILENAME)).ok()?;
    let newest = text
        .lines()
        .filter_map(|line| line.strip_prefix("model_checkpoint_path:"))
        .find_map(|value| value.trim().strip_prefix('"')?.strip_suffix('"'))?;
    Some(dir.join(newest))
}

/// The global step in the newest checkpoint in `dir`, if there is one.
pub fn restore_global_step(dir: &Path) -> Result<Option<i64>> {
    let Some(path) = latest_checkpoint(dir) else {
        return Ok(None);
    };
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

/// Names and finds the checkpoints of one basename.
#[derive(Clone, Debug)]
pub struct SaveHelper {
    basename: PathBuf,
}

impl SaveHelper {
    /// Of `basename`, which is a path: `<model_dir>/model.ckpt`.
    pub fn new(basename: impl Into<PathBuf>) -> Self {
        Self {
            basename: basename.into(),
        }
    }

    /// `<basename>-<step>`.
    pub fn get_ckpt_prefix(&self, step: i64) -> String {
        format!("{}-{step}", self.basename.display())
    }

    /// `<prefix>.assets/`.
    pub fn get_ckpt_asset_dir(prefix: &str) -> String {
        format!("{prefix}.assets/")
    }

    /// The step that a prefix ends with; 0 where its file name has no `-`.
    pub fn get_global_step_value(prefix: &str) -> Result<i64> {
        let name = prefix.rsplit('/').next().unwrap_or(prefix);
        match name.rsplit_once('-') {
            None => Ok(0),
            Some((_, text)) => step(text).ok_or_else(|| {
                Error::value(format!(
                    "'{prefix}' ends with '{text}': a step, such as -100, would be right."
                ))
            }),
        }
    }

    /// The steps that there are checkpoints of, ascending: a file of ours, or the
    /// index of one of TensorFlow's, which it writes last.
    pub fn get_existing_checkpoint_steps(&self) -> Result<Vec<i64>> {
        let (Some(dir), Some(name)) = (self.basename.parent(), self.basename.file_name()) else {
            return Ok(Vec::new());
        };
        let start = format!("{}-", name.to_string_lossy());
        if !dir.is_dir() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(dir).map_err(|error| Error::from_io(&error, dir))?;
        let mut steps: Vec<i64> = entries
            .filter_map(|entry| {
                let name = entry.ok()?.file_name();
                let rest = name.to_str()?.strip_prefix(&start)?;
                step(rest.strip_suffix(".index").unwrap_or(rest))
            })
            .collect();
        steps.sort_unstable();
        steps.dedup();
        Ok(steps)
    }
}

/// A step as names of checkpoints have it: digits alone.
fn step(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}
