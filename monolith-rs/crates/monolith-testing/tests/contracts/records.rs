//! What is logged on a thread.

use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps the messages of one level.
struct Recorder {
    level: Level,
    messages: Arc<Mutex<Vec<String>>>,
}

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
        if *event.metadata().level() == self.level {
            let mut message = Message::default();
            event.record(&mut message);
            self.messages.lock().unwrap().push(message.0);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Runs this, and gives its result and the messages that it logs on this thread at a level.
pub(crate) fn records<T>(level: Level, body: impl FnOnce() -> T) -> (T, Vec<String>) {
    let messages = Arc::<Mutex<Vec<String>>>::default();
    let list = Arc::clone(&messages);
    let recorder = Recorder {
        level,
        messages: list,
    };
    let result = with_default(recorder, body);
    let messages = messages.lock().unwrap().clone();
    (result, messages)
}
