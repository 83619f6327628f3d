//! What is logged on a thread.

use std::cell::RefCell;
use std::fmt;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::set_global_default;
use tracing::{Event, Level, Metadata, Subscriber};

thread_local! {
    /// What this thread has logged since it was asked to keep it.
    static KEPT: RefCell<Option<Vec<(Level, String)>>> = const { RefCell::new(None) };
}

/// Keeps the messages of each thread that asks for it.
///
/// It is the whole process's: one that comes and goes with a test would race with those of
/// other tests for what is enabled.
struct Recorder;

/// The message of an event, without its other fields.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("monolith_training")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        KEPT.with_borrow_mut(|kept| {
            if let Some(kept) = kept {
                let mut message = Message::default();
                event.record(&mut message);
                kept.push((*event.metadata().level(), message.0));
            }
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Runs this, and gives its result and the messages that it logs on this thread at a level.
pub(crate) fn records<T>(level: Level, body: impl FnOnce() -> T) -> (T, Vec<String>) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| set_global_default(Recorder).unwrap());
    KEPT.set(Some(Vec::new()));
    let result = body();
    let kept = KEPT.take().unwrap_or_default().into_iter();
    let messages = kept.filter(|(at, _)| *at == level).map(|(_, it)| it);
    (result, messages.collect())
}
