//! The chief's input: an iterator over 0, 1, 2, ...

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::ckpt_hooks::SaveableIterator;
use monolith_training::session::{Session, SessionRunHook};

/// Counter whose position is the next element.
#[derive(Debug, Default)]
pub(crate) struct Input(AtomicI64);

impl Input {
    pub(crate) fn take(&self) -> i64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

impl SaveableIterator for Input {
    fn save(&self) -> Result<Vec<u8>> {
        Ok(self.0.load(Ordering::SeqCst).to_string().into_bytes())
    }

    fn restore(&self, position: &[u8]) -> Result<()> {
        let position = str::from_utf8(position).ok();
        let next = position.and_then(|text| text.parse().ok());
        let next = next.ok_or_else(|| {
            Error::new(
                ErrorKind::DataLossError,
                "it isn't a position of this iterator",
            )
        })?;
        self.0.store(next, Ordering::SeqCst);
        Ok(())
    }
}

/// The first hook, which restarts the iterator for each new session.
pub(crate) struct NewInput(pub(crate) Arc<Input>);

impl SessionRunHook for NewInput {
    fn after_create_session(&self, _: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.0.0.store(0, Ordering::SeqCst);
        Ok(())
    }
}
