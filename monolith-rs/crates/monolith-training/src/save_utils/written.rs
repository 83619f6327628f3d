//! What a saver hook has done so far.

use std::time::Duration;

use crate::errors::ErrorKind;

/// A save that was tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LastSave {
    /// The global step.
    pub step: i64,
    /// The time of its end, by the hook's clock.
    pub ended: Duration,
    /// What it ended with, if with an error.
    pub error: Option<ErrorKind>,
}

/// Record of a hook's writes.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) skips_next: bool,
    /// Of the last one that succeeded.
    pub(super) last_step: Option<i64>,
    pub(super) last_save: Option<LastSave>,
}

impl Written {
    pub(super) fn nothing(skips_next: bool) -> Self {
        Self {
            skips_next,
            last_step: None,
            last_save: None,
        }
    }
}
