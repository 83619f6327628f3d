//! The file `monolith_checkpoint`, which says when a folder's last save was (B74).

use std::path::Path;
use std::time::Duration;

use super::checkpoint_state::{read_if_valid, warn_of_ignored};
use crate::errors::{ErrorKind, Result};
use crate::files::Files;
pub use crate::proto::native_training::MonolithCheckpointState;
pub use crate::proto::native_training::monolith_checkpoint_state::HashTableType;
use crate::text_format::{Field, Value, enum_number, integer_field, parse_fields, quote};

/// The name of the file in a checkpoint's folder.
pub const MONOLITH_CKPT_STATE_FILE_NAME: &str = "monolith_checkpoint";

/// Reads the file, or another one of its format (B74).
///
/// With `remove_invalid_path` relative exempt paths get the folder in front, and those
/// without a checkpoint go, with a WARNING each. None where there is no file, or it
/// can't be read or parsed (a WARNING).
pub fn get_monolith_checkpoint_state(
    checkpoint_dir: &Path,
    filename: Option<&str>,
    remove_invalid_path: bool,
) -> Option<MonolithCheckpointState> {
    let filename = filename.unwrap_or(MONOLITH_CKPT_STATE_FILE_NAME);
    let files = Files::default();
    // From the disk there are only `OpError`s, which are no state.
    read_state(&files, checkpoint_dir, filename, remove_invalid_path).unwrap_or(None)
}

fn read_state(
    files: &Files,
    checkpoint_dir: &Path,
    filename: &str,
    remove_invalid_path: bool,
) -> Result<Option<MonolithCheckpointState>> {
    let path = checkpoint_dir.join(filename);
    let mut state = match read_if_valid(files, &path, parse) {
        Ok(Some(state)) => state,
        Err(error) if error.kind() == ErrorKind::UnicodeDecodeError => {
            warn_of_ignored(&path, &error);
            return Ok(None);
        }
        other => return other,
    };
    if remove_invalid_path {
        let paths = std::mem::take(&mut state.exempt_model_checkpoint_paths);
        let paths = paths.iter().map(|path| checkpoint_dir.join(path));
        let paths = paths.filter(|path| {
            let exists = is_checkpoint(path);
            if !exists {
                tracing::warn!("{} is no checkpoint, and not kept", path.display());
            }
            exists
        });
        state.exempt_model_checkpoint_paths =
            paths.map(|path| path.display().to_string()).collect();
    }
    Ok(Some(state))
}

/// Whether there is something of this name, as TensorFlow asks, or the index of a checkpoint.
fn is_checkpoint(prefix: &Path) -> bool {
    let mut index = prefix.as_os_str().to_owned();
    index.push(".index");
    prefix.exists() || Path::new(&index).is_file()
}

/// Makes the file in an existing folder, unless there is one that can be read.
pub(super) fn create_if_missing(
    files: &Files,
    dir: &Path,
    table_type: HashTableType,
) -> Result<()> {
    match read_state(files, dir, MONOLITH_CKPT_STATE_FILE_NAME, false)? {
        Some(_) => Ok(()),
        None => write(files, dir, &new_state(table_type)),
    }
}

/// Writes the file anew after a save at the time `now` since the epoch.
pub(super) fn record_save(
    files: &Files,
    dir: &Path,
    table_type: HashTableType,
    now: Duration,
) -> Result<()> {
    let state = read_state(files, dir, MONOLITH_CKPT_STATE_FILE_NAME, true)?;
    let mut state = state.unwrap_or_else(|| new_state(table_type));
    state.last_checkpoint_save_timestamp = Some(now.as_secs().cast_signed());
    write(files, dir, &state)
}

fn new_state(table_type: HashTableType) -> MonolithCheckpointState {
    let mut state = MonolithCheckpointState::default();
    state.set_builtin_hash_table_type(table_type);
    state
}

fn write(files: &Files, dir: &Path, state: &MonolithCheckpointState) -> Result<()> {
    files.write_whole(&dir.join(MONOLITH_CKPT_STATE_FILE_NAME), to_text(state))
}

fn to_text(state: &MonolithCheckpointState) -> String {
    let paths = state.exempt_model_checkpoint_paths.iter();
    let paths = paths.map(|path| ("exempt_model_checkpoint_paths", quote(path)));
    let time = state.last_checkpoint_save_timestamp;
    let time = time.map(|time| ("last_checkpoint_save_timestamp", time.to_string()));
    let kind = state.builtin_hash_table_type.map(|_| {
        let name = state.builtin_hash_table_type().as_str_name();
        ("builtin_hash_table_type", name.to_owned())
    });
    let fields = paths.chain(time).chain(kind);
    let lines: Vec<String> = fields
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    lines.concat()
}

fn parse(text: &str) -> Result<MonolithCheckpointState, String> {
    let mut state = MonolithCheckpointState::default();
    for Field { name, value } in parse_fields(text, &["exempt_model_checkpoint_paths"])? {
        let is_second = match name.as_str() {
            "last_checkpoint_save_timestamp" => state.last_checkpoint_save_timestamp.is_some(),
            "builtin_hash_table_type" => state.builtin_hash_table_type.is_some(),
            _ => false,
        };
        if is_second {
            return Err(format!("a second {name}"));
        }
        match (name.as_str(), value) {
            ("exempt_model_checkpoint_paths", Value::Text(path)) => {
                state.exempt_model_checkpoint_paths.push(path);
            }
            ("last_checkpoint_save_timestamp", Value::Word(word)) => {
                let time = integer_field(&word).ok_or_else(|| format!("{word} is no time"))?;
                state.last_checkpoint_save_timestamp = Some(time);
            }
            ("builtin_hash_table_type", Value::Word(kind)) => {
                let number = enum_number(&kind);
                let by_number = number.and_then(|number| HashTableType::try_from(number).ok());
                let kind = HashTableType::from_str_name(&kind)
                    .or(by_number)
                    .ok_or_else(|| format!("{kind} is no type of table"))?;
                state.set_builtin_hash_table_type(kind);
            }
            (name, value) => return Err(format!("unexpected field {name} of {value:?}")),
        }
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const CUCKOO: HashTableType = HashTableType::CuckooHashMap;

    fn text(dir: &Path) -> String {
        fs::read_to_string(dir.join(MONOLITH_CKPT_STATE_FILE_NAME)).unwrap()
    }

    #[test]
    fn it_is_made_once_and_written_anew_with_the_time() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        create_if_missing(&Files::default(), dir, HashTableType::MultiCuckooHashMap).unwrap();
        let made = "builtin_hash_table_type: MULTI_CUCKOO_HASH_MAP\n";
        assert_eq!(text(dir), made);
        create_if_missing(&Files::default(), dir, CUCKOO).unwrap();
        assert_eq!(text(dir), made);
        record_save(
            &Files::default(),
            dir,
            CUCKOO,
            Duration::from_millis(12_900),
        )
        .unwrap();
        let written = format!("last_checkpoint_save_timestamp: 12\n{made}");
        assert_eq!(text(dir), written);
    }

    #[test]
    fn numbers_are_those_of_pythons_text_format() {
        for (word, time) in [
            ("12", 12),
            ("0x10", 16),
            ("0b1_1", 3),
            ("-0", 0),
            ("-012", -10),
        ] {
            let state = parse(&format!("last_checkpoint_save_timestamp: {word}")).unwrap();
            assert_eq!(state.last_checkpoint_save_timestamp, Some(time), "{word}");
        }
        for word in ["08", "1.5", "x", "9223372036854775808"] {
            let text = format!("last_checkpoint_save_timestamp: {word}");
            assert_eq!(parse(&text), Err(format!("{word} is no time")));
        }
        let kind = parse("builtin_hash_table_type: 0x1").unwrap();
        assert_eq!(kind.builtin_hash_table_type, Some(1));
    }

    #[test]
    fn what_cannot_be_read_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(MONOLITH_CKPT_STATE_FILE_NAME);
        for wrong in [&b"\xff"[..], b"time: 1", b"builtin_hash_table_type: 7"] {
            fs::write(&path, wrong).unwrap();
            let state = get_monolith_checkpoint_state(dir.path(), None, false);
            assert_eq!(state, None);
            create_if_missing(&Files::default(), dir.path(), CUCKOO).unwrap();
            assert_eq!(
                text(dir.path()),
                "builtin_hash_table_type: CUCKOO_HASH_MAP\n"
            );
        }
    }

    #[test]
    fn exempt_paths_without_a_checkpoint_go_where_that_is_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        fs::write(path("m-1"), "").unwrap();
        fs::write(path("m-2.index"), "").unwrap();
        let given = ["m-1".to_owned(), path("m-2"), "gone-3".to_owned()];
        let mut state = new_state(CUCKOO);
        state.exempt_model_checkpoint_paths = given.to_vec();
        fs::write(path("other"), to_text(&state)).unwrap();
        let read = |remove| {
            let state = get_monolith_checkpoint_state(dir.path(), Some("other"), remove);
            state.unwrap().exempt_model_checkpoint_paths
        };
        assert_eq!(read(false), given);
        assert_eq!(read(true), [path("m-1"), path("m-2")]);
    }

    #[test]
    fn a_save_goes_on_without_exempt_paths_that_are_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(MONOLITH_CKPT_STATE_FILE_NAME);
        fs::write(&path, "exempt_model_checkpoint_paths: 'gone'").unwrap();
        record_save(
            &Files::default(),
            dir.path(),
            CUCKOO,
            Duration::from_secs(3),
        )
        .unwrap();
        assert_eq!(text(dir.path()), "last_checkpoint_save_timestamp: 3\n");
    }
}
