//! Observer of the model directory's state files: their content and how they are replaced.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::wire::events::{Event, Replaced, StateFile};

/// The state files by name, in the order in which they are checked.
const STATE_FILES: [(&str, StateFile); 3] = [
    ("checkpoint", StateFile::Checkpoint),
    ("monolith_checkpoint", StateFile::MonolithCheckpoint),
    (
        "checkpoint_input_worker_0",
        StateFile::CheckpointInputWorker0,
    ),
];

/// The fields that name checkpoints.
const PATHS: [&str; 2] = [
    "all_model_checkpoint_paths",
    "exempt_model_checkpoint_paths",
];

/// The fields that hold real times, which are left out.
const REAL_TIMES: [&str; 2] = [
    "all_model_checkpoint_timestamps",
    "last_preserved_timestamp",
];

/// A watched file, kept open so that its successor has another inode.
#[derive(Debug)]
pub struct WatchedFile {
    path: PathBuf,
    seen: Option<Seen>,
}

/// The state of a file when it was last checked.
#[derive(Debug)]
struct Seen {
    inode: u64,
    modified: (i64, i64),
    size: u64,
    /// `None` if it couldn't be opened.
    _open: Option<File>,
}

impl Seen {
    fn is(&self, metadata: &Metadata) -> bool {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        (self.inode, self.modified, self.size) == (metadata.ino(), modified, metadata.size())
    }
}

/// A change of a file.
#[derive(Debug)]
pub struct Changed {
    /// The way the file was replaced.
    pub replaced: Replaced,
    /// The file's new text.
    pub text: String,
}

impl WatchedFile {
    /// Creates a watch of a file that hasn't been seen yet, whether or not it exists.
    pub fn new(path: PathBuf) -> Self {
        Self { path, seen: None }
    }

    /// Returns the change since the last call; `None` if there is none or the file doesn't exist.
    pub fn changed(&mut self) -> Option<Changed> {
        let Ok(metadata) = std::fs::metadata(&self.path) else {
            self.seen = None;
            return None;
        };
        if self.seen.as_ref().is_some_and(|seen| seen.is(&metadata)) {
            return None;
        }
        let replaced = match &self.seen {
            None => Replaced::New,
            Some(seen) if seen.inode == metadata.ino() => Replaced::InPlace,
            Some(_) => Replaced::Whole,
        };
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        self.seen = Some(Seen {
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            size: metadata.size(),
            _open: File::open(&self.path).ok(),
        });
        Some(Changed {
            replaced,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}

/// The state files of one model directory.
pub(crate) struct StateFiles(Vec<(StateFile, WatchedFile)>);

impl StateFiles {
    pub(crate) fn new(model_dir: &Path) -> Self {
        let files = STATE_FILES
            .map(|(name, file)| (file, WatchedFile::new(model_dir.join(name))))
            .into();
        Self(files)
    }

    /// Returns an event for each file that has changed since the last call.
    pub(crate) fn changes(&mut self) -> Vec<Event> {
        let changes = self.0.iter_mut().filter_map(|(file, watched)| {
            let changed = watched.changed()?;
            let (checkpoints, fields) = content(&changed.text);
            Some(Event::StateFile {
                file: *file,
                replaced: changed.replaced,
                checkpoints,
                fields,
            })
        });
        changes.collect()
    }
}

/// Returns the names of the checkpoints in the file's order, and the other fields sorted.
fn content(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut checkpoints, mut fields) = (Vec::new(), Vec::new());
    for line in text.lines() {
        match field(line) {
            None => fields.push(line.to_owned()),
            Some((name, value)) if PATHS.contains(&name) => checkpoints.push(basename(value)),
            Some((name, _)) if REAL_TIMES.contains(&name) => {}
            Some((name, value)) => fields.push(format!("{name}: {}", basename(value))),
        }
    }
    fields.sort();
    (checkpoints, fields)
}

/// Splits a line of text format into its name and its value without quotes.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(": ")?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_word) {
        return None;
    }
    let unquoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    Some((name, unquoted.unwrap_or(value)))
}

fn basename(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_new_then_replaced_whole_or_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let mut watched = WatchedFile::new(path.clone());
        let mut look = || watched.changed().map(|it| (it.replaced, it.text));
        assert_eq!(look(), None);
        fs::write(&path, "1").unwrap();
        assert_eq!(look(), Some((Replaced::New, "1".to_owned())));
        assert_eq!(look(), None);
        fs::write(&path, "22").unwrap();
        assert_eq!(look(), Some((Replaced::InPlace, "22".to_owned())));
        let other = dir.path().join("other");
        for _ in 0..3 {
            fs::write(&other, "22").unwrap();
            fs::rename(&other, &path).unwrap();
        }
        assert_eq!(look(), Some((Replaced::Whole, "22".to_owned())));
        fs::remove_file(&path).unwrap();
        assert_eq!(look(), None);
        fs::write(&path, "1").unwrap();
        assert_eq!(look(), Some((Replaced::New, "1".to_owned())));
    }

    #[test]
    fn checkpoints_are_listed_by_name_and_real_times_are_left_out() {
        let text = "model_checkpoint_path: \"/m/model.ckpt-2\"\n\
            all_model_checkpoint_paths: \"/m/model.ckpt-1\"\n\
            all_model_checkpoint_paths: \"model.ckpt-2\"\n\
            all_model_checkpoint_timestamps: 1.5\n\
            builtin_hash_table_type: CUCKOO_HASH_MAP\n\
            torn: \"/m/mod\nwrong\n";
        let (checkpoints, fields) = content(text);
        assert_eq!(checkpoints, ["model.ckpt-1", "model.ckpt-2"]);
        assert_eq!(
            fields,
            [
                "builtin_hash_table_type: CUCKOO_HASH_MAP",
                "model_checkpoint_path: model.ckpt-2",
                "torn: mod",
                "wrong"
            ]
        );
    }
}
