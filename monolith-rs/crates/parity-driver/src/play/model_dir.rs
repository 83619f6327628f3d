//! The model directory of one play, and what is left in it.

use std::path::{Path, PathBuf};

use monolith_training::errors::{Error, Result};
use monolith_training::hooks::controller_hooks::query_action::{
    ACTION_FILENAME, RESPONSE_FILENAME,
};
use tempfile::TempDir;

use crate::wire::events::{LISTED_CHECKPOINTS, LISTED_FILES, ResponseState};
use crate::wire::scenario::ServerFolder;

/// Where a server publishes whose folder is `missing`.
const NEW_FOLDER: &str = "server/new";

/// A directory of this play's own, removed with it.
pub(crate) struct ModelDir(TempDir);

impl ModelDir {
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("monolith-parity-")
            .tempdir();
        let folder = folder.map_err(|error| Error::from_io(&error, &std::env::temp_dir()))?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where a server publishes its address; makes the file that is in its way.
    pub(crate) fn server_folder(&self, folder: ServerFolder) -> Result<PathBuf> {
        match folder {
            ServerFolder::ModelDir => Ok(self.path().to_path_buf()),
            ServerFolder::Missing => Ok(self.path().join(NEW_FOLDER)),
            ServerFolder::File => {
                let path = self.path().join("server");
                std::fs::write(&path, "").map_err(|error| Error::from_io(&error, &path))?;
                Ok(path)
            }
        }
    }

    /// The file that a query action hook looks for.
    pub(crate) fn action_file(&self) -> PathBuf {
        self.path().join(ACTION_FILENAME)
    }

    /// How that hook has answered; a parser's words are an error.
    pub(crate) fn action_response(&self) -> ResponseState {
        match std::fs::read(self.path().join(RESPONSE_FILENAME)) {
            Err(_) => ResponseState::None,
            Ok(response) if response == b"OK" => ResponseState::Ok,
            Ok(_) => ResponseState::Error,
        }
    }

    /// What is left in it, by canonical names, sorted.
    pub(crate) fn left(&self) -> Vec<String> {
        let by_name = LISTED_FILES.iter().copied();
        let by_name = by_name.filter(|name| self.path().join(name).is_file());
        let entries = std::fs::read_dir(self.path())
            .into_iter()
            .flatten()
            .flatten();
        let checkpoints =
            entries.filter_map(|entry| checkpoint(&entry.file_name().to_string_lossy()));
        let mut names: Vec<String> = by_name.map(str::to_owned).chain(checkpoints).collect();
        names.sort();
        names.dedup();
        names
    }
}

fn checkpoint(name: &str) -> Option<String> {
    LISTED_CHECKPOINTS.iter().find_map(|base| {
        let step = name.strip_prefix(base)?.strip_prefix('-')?;
        let step: u64 = step.split('.').next()?.parse().ok()?;
        Some(format!("{base}-{step}"))
    })
}
