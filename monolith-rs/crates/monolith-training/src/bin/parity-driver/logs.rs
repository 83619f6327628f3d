//! Log records: all to stderr, the default report's into the trace as well.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::recorder::Recorder;

/// Whose records belong into a trace.
const REPORTER: &str = "monolith_training::hooks::ps_check_hooks";

/// The recorder of the play that is on, as the log is the process's own.
static PLAYING: Mutex<Option<Arc<Recorder>>> = Mutex::new(None);

/// Sends the process's log where it belongs.
pub(crate) fn install() {
    let stderr = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false);
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(stderr)
        .with(Reports);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        unreachable!("the log is set up once");
    }
}

/// Has the default report recorded there from now on, or nowhere.
pub(crate) fn record_into(recorder: Option<Arc<Recorder>>) {
    *PLAYING.lock().unwrap_or_else(PoisonError::into_inner) = recorder;
}

struct Reports;

impl<S: Subscriber> Layer<S> for Reports {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != REPORTER {
            return;
        }
        let mut message = Message::default();
        event.record(&mut message);
        let playing = PLAYING
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(recorder) = playing {
            let level = event.metadata().level().as_str();
            recorder.record("log", json!({"level": level, "message": message.0}));
        }
    }
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
