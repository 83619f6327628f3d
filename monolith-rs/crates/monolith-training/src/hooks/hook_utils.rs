//! Listeners that forward one half of a save.
//!
//! Each shows itself by its own name and the wrapped listener's, without a
//! separator, as upstream's `repr` does (B42).

use std::fmt;
use std::sync::Arc;

use crate::errors::Result;
use crate::save_utils::CheckpointSaverListener;
use crate::session::Session;

/// Forwards `before_save` alone.
#[derive(Clone)]
pub struct BeforeSaveListener {
    listener: Arc<dyn CheckpointSaverListener>,
}

impl BeforeSaveListener {
    /// Forwards to `listener`.
    pub fn new(listener: Arc<dyn CheckpointSaverListener>) -> Self {
        Self { listener }
    }
}

impl CheckpointSaverListener for BeforeSaveListener {
    fn before_save(&self, session: &Arc<Session>, global_step: i64) -> Result<()> {
        self.listener.before_save(session, global_step)
    }
}

impl fmt::Debug for BeforeSaveListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BeforeSaveListener{:?}", self.listener)
    }
}

/// Forwards `after_save` alone, and drops what the listener answers.
#[derive(Clone)]
pub struct AfterSaveListener {
    listener: Arc<dyn CheckpointSaverListener>,
}

impl AfterSaveListener {
    /// Forwards to `listener`.
    pub fn new(listener: Arc<dyn CheckpointSaverListener>) -> Self {
        Self { listener }
    }
}

impl CheckpointSaverListener for AfterSaveListener {
    fn after_save(&self, session: &Arc<Session>, global_step: i64) -> Result<bool> {
        self.listener.after_save(session, global_step)?;
        Ok(false)
    }
}

impl fmt::Debug for AfterSaveListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AfterSaveListener{:?}", self.listener)
    }
}
