//! Log records: all go to stderr, and hooks' warnings and errors also into the trace.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use monolith_training::clock::relock;
use parity_driver::{Event, Recorder};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The modules whose messages are the same on both sides.
const WHOLE: [&str; 2] = [
    "monolith_training::hooks::ps_check_hooks",
    "monolith_training::save_utils::hook",
];

/// The modules whose messages start with the error's name and continue in their own words.
const FIRST_WORD: [&str; 2] = [
    "monolith_training::hooks::controller_hooks::query_action",
    "monolith_training::save_utils::listener",
];

/// The recorder of the current play; global because the log belongs to the process.
static PLAYING: Mutex<Option<Arc<Recorder>>> = Mutex::new(None);

/// Sets up the process's log.
pub(crate) fn install() {
    let stderr = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false);
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(stderr)
        .with(HookLogs);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        unreachable!("the log is set up once");
    }
}

/// Sets the recorder of what hooks log; `None` for none.
pub(crate) fn record_into(recorder: Option<Arc<Recorder>>) {
    *relock(&PLAYING) = recorder;
}

struct HookLogs;

impl<S: Subscriber> Layer<S> for HookLogs {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let target = event.metadata().target();
        let Some(level) = level_name(*event.metadata().level()) else {
            return;
        };
        let is_first_word = FIRST_WORD.contains(&target);
        if !is_first_word && !WHOLE.contains(&target) {
            return;
        }
        let mut message = Message::default();
        event.record(&mut message);
        let words = match message.0.split_once(':') {
            Some((first, _)) if is_first_word => first,
            _ => &message.0,
        };
        let playing = relock(&PLAYING).clone();
        if let Some(recorder) = playing {
            recorder.record(Event::Log {
                level: level.to_owned(),
                message: words.to_owned(),
            });
        }
    }
}

/// Returns Python's name of a level, if it is WARNING or above.
fn level_name(level: Level) -> Option<&'static str> {
    match level {
        Level::ERROR => Some("ERROR"),
        Level::WARN => Some("WARNING"),
        _ => None,
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
