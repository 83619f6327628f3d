//! The model directory of one play, and what is left in it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use monolith_training::errors::{Error, Result};

/// A directory of this play's own, removed with it.
pub(crate) struct ModelDir(PathBuf);

impl ModelDir {
    pub(crate) fn new() -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("monolith-parity-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map_err(|error| Error::from_io(&error, &path))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// What is left in it, by canonical names, sorted.
    pub(crate) fn left(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| canonical_name(&entry.file_name().to_string_lossy()))
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

impl Drop for ModelDir {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!("{} is left behind: {error}", self.0.display());
        }
    }
}

fn canonical_name(name: &str) -> Option<String> {
    if matches!(name, "controller_server_addr.txt" | "checkpoint") {
        return Some(name.to_owned());
    }
    let step = name.strip_prefix("model.ckpt-")?.split('.').next()?;
    step.parse::<u64>()
        .ok()
        .map(|step| format!("model.ckpt-{step}"))
}
