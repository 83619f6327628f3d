//! Names of checkpoints, and the steps in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::checkpoint_state::{STATE_FILENAME, get_checkpoint_state};
use crate::errors::{Error, ErrorKind, Result};
use crate::text::parse_int;

/// Names and finds the checkpoints of one basename (B75).
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

    /// The number after the last `-` of the whole prefix, as Python's `int` reads it; 0
    /// where there is no `-`.
    pub fn get_global_step_value(prefix: &str) -> Result<i64> {
        match prefix.rsplit_once('-') {
            None => Ok(0),
            Some((_, text)) => parse_int(text).ok_or_else(|| {
                let literal = text.escape_debug();
                Error::value(format!(
                    "invalid literal for int() with base 10: '{literal}'"
                ))
            }),
        }
    }

    /// The steps of all checkpoints in the state file of the basename's folder,
    /// whatever their basename.
    ///
    /// No state file: `AttributeError`.
    pub fn get_existing_checkpoint_steps(&self) -> Result<BTreeSet<i64>> {
        let dir = self.basename.parent().unwrap_or(Path::new(""));
        let state = get_checkpoint_state(dir, STATE_FILENAME)?.ok_or_else(|| {
            Error::new(
                ErrorKind::AttributeError,
                "'NoneType' object has no attribute 'all_model_checkpoint_paths'",
            )
        })?;
        let paths = state.all_model_checkpoint_paths.iter();
        paths
            .map(|path| Self::get_global_step_value(path))
            .collect()
    }
}
