//! The model directory of one play, and what is left in it.

use std::io::ErrorKind as Io;
use std::path::{Path, PathBuf};

use monolith_training::errors::{Error, Result};
use monolith_training::hooks::controller_hooks::query_action::{
    ACTION_FILENAME, RESPONSE_FILENAME,
};
use monolith_training::save_utils::MONOLITH_CKPT_STATE_FILE_NAME;
use tempfile::TempDir;

use crate::wire::events::{
    LISTED_CHECKPOINTS, LISTED_FILES, OTHER_FILES, ResponseState, UNLISTED_FILES,
};
use crate::wire::scenario::{
    ActionContent, FileContent, ServerFolder, StateFile, WrittenStateFile,
};

/// Where a server publishes whose folder is `missing`.
const NEW_FOLDER: &str = "server/new";

/// A directory of this play's own, removed with it.
#[derive(Debug)]
pub struct ModelDir(TempDir);

impl ModelDir {
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("monolith-parity-")
            .tempdir();
        let folder = folder.map_err(|error| Error::from_io(&error, &std::env::temp_dir()))?;
        Ok(Self(folder))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where a server publishes its address; makes the file that is in its way.
    ///
    /// # Errors
    ///
    /// That file can't be written.
    pub fn server_folder(&self, folder: ServerFolder) -> Result<PathBuf> {
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
    pub fn action_file(&self) -> PathBuf {
        self.path().join(ACTION_FILENAME)
    }

    /// Replaces that file or the folder in its place, or removes it.
    ///
    /// # Errors
    ///
    /// It can't be written, or the folder isn't empty.
    pub fn write_action_file(&self, content: ActionContent) -> std::result::Result<(), String> {
        let path = self.action_file();
        let told = |error| told(&path, &error);
        if path.is_dir() {
            std::fs::remove_dir(&path).map_err(told)?;
        }
        let ActionContent { text, hex, folder } = content;
        write_content(&path, &FileContent { text, hex })?;
        if folder {
            std::fs::create_dir(&path).map_err(told)?;
        }
        Ok(())
    }

    /// Replaces or removes a state file.
    pub(crate) fn write_state_file(
        &self,
        written: &WrittenStateFile,
    ) -> std::result::Result<(), String> {
        let name = match written.file {
            StateFile::Checkpoint => "checkpoint",
            StateFile::MonolithCheckpoint => MONOLITH_CKPT_STATE_FILE_NAME,
            StateFile::CheckpointInputWorker0 => "checkpoint_input_worker_0",
        };
        write_content(&self.path().join(name), &written.content)
    }

    /// How that hook has answered; a parser's words are an error.
    pub fn action_response(&self) -> ResponseState {
        match std::fs::read(self.path().join(RESPONSE_FILENAME)) {
            Err(_) => ResponseState::None,
            Ok(response) if response == b"OK" => ResponseState::Ok,
            Ok(_) => ResponseState::Error,
        }
    }

    /// All that is left in it and in its folders, by canonical names, sorted.
    pub fn left(&self) -> Vec<String> {
        left_in(self.path())
    }
}

/// Makes the file hold this, or removes it.
///
/// # Errors
///
/// The file can't be written, usually as its folder isn't there, in words for who wrote the
/// scenario.
pub fn write_content(path: &Path, content: &FileContent) -> std::result::Result<(), String> {
    let bytes = content.text.as_ref().map(String::as_bytes);
    let outcome = match bytes.or(content.hex.as_deref()) {
        Some(bytes) => std::fs::write(path, bytes),
        None => match std::fs::remove_file(path) {
            Err(error) if matches!(error.kind(), Io::NotFound | Io::NotADirectory) => Ok(()),
            outcome => outcome,
        },
    };
    outcome.map_err(|error| told(path, &error))
}

fn told(path: &Path, error: &std::io::Error) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match error.kind() {
        Io::NotFound | Io::NotADirectory => {
            format!("{name} can't be written: its folder isn't there")
        }
        _ => format!("{name} can't be written: {error}"),
    }
}

/// What is left in a model directory, without files that aren't known, such as a temporary
/// one.
pub fn known_files(model_dir: &Path) -> Vec<String> {
    let mut names = left_in(model_dir);
    names.retain(|name| !OTHER_FILES.contains(&name.as_str()));
    names
}

fn left_in(model_dir: &Path) -> Vec<String> {
    let mut files = Vec::new();
    add_files(model_dir, "", &mut files);
    let mut names: Vec<String> = files.iter().filter_map(|file| canonical(file)).collect();
    names.sort();
    names.dedup();
    names
}

/// Adds the paths of all files below a folder, relative to the first one.
fn add_files(folder: &Path, prefix: &str, files: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if path.is_file() {
            files.push(name);
        } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            add_files(&path, &format!("{name}/"), files);
        }
    }
}

/// The name that a file is listed by; none if it isn't listed.
fn canonical(file: &str) -> Option<String> {
    if UNLISTED_FILES.iter().any(|prefix| file.starts_with(prefix)) {
        return None;
    }
    let other = || OTHER_FILES.concat();
    let by_name = || LISTED_FILES.contains(&file).then(|| file.to_owned());
    Some(checkpoint(file).or_else(by_name).unwrap_or_else(other))
}

/// The name of the checkpoint that a file is of.
fn checkpoint(file: &str) -> Option<String> {
    LISTED_CHECKPOINTS.iter().find_map(|base| {
        let step = file.strip_prefix(base)?.strip_prefix('-')?;
        let step = step.split('.').next()?;
        // A step that has wrapped around is below 0.
        let digits = step.strip_prefix('-').unwrap_or(step);
        let is_step = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
        is_step.then(|| format!("{base}-{step}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_once_by_its_canonical_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("server/new")).unwrap();
        for name in [
            "model.ckpt-7",
            "model.ckpt-7.index",
            "model.ckpt-007",
            "model.ckpt--7",
            "checkpoint",
            "checkpoint.tmp0123",
            "events.out.tfevents.1.host",
            "server/new/controller_server_addr.txt",
        ] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let mut known = vec![
            "checkpoint",
            "model.ckpt--7",
            "model.ckpt-007",
            "model.ckpt-7",
            "server/new/controller_server_addr.txt",
        ];
        assert_eq!(left_in(dir.path()), known);
        for name in ["server/new/.tmp", "model.ckpt-", "model.ckpt---7"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(known_files(dir.path()), known);
        known.insert(0, "<other>");
        assert_eq!(left_in(dir.path()), known);
    }

    #[test]
    fn a_folder_stands_in_the_action_files_place_until_there_is_content_again() {
        let dir = ModelDir::new().unwrap();
        let path = dir.action_file();
        let write = |text: Option<&str>, folder| {
            let text = text.map(str::to_owned);
            dir.write_action_file(ActionContent {
                text,
                hex: None,
                folder,
            })
        };
        for (text, folder) in [(Some("x"), false), (None, false), (None, true)] {
            write(None, true).unwrap();
            assert!(path.is_dir());
            write(text, folder).unwrap();
            assert_eq!((path.is_file(), path.is_dir()), (text.is_some(), folder));
        }
        std::fs::create_dir(path.join("within")).unwrap();
        let refused = write(Some("x"), false).unwrap_err();
        assert!(
            refused.starts_with("monolith_action can't be written: "),
            "{refused}"
        );
    }
}
