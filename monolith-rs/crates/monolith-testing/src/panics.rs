//! Caught panics: their messages and locations.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::panic;
use std::sync::Once;

use monolith_training::clock::panic_text;

thread_local! {
    /// The location of this thread's last panic.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A caught panic, displayed on one line as `panicked at src/job.rs:18:4: message`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Panic {
    /// The message.
    pub text: String,
    /// The file, line and column, if [`note_places`] was called before.
    pub place: Option<String>,
}

impl Panic {
    /// Creates the description of this thread's last panic, caught with this payload.
    pub(crate) fn caught(payload: &(dyn Any + Send)) -> Self {
        Self {
            text: panic_text(payload).to_owned(),
            place: PLACE.take(),
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let text = lines.join("; ");
        match &self.place {
            Some(place) => write!(f, "panicked at {place}: {text}"),
            None => write!(f, "panicked: {text}"),
        }
    }
}

/// Installs a panic hook that notes the location of each panic in this process.
///
/// The hook also prints one line to stderr, after everything that the previous hook prints: a
/// log may keep only the end of a long backtrace.
pub fn note_places() {
    static NOTING: Once = Once::new();
    NOTING.call_once(|| {
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            earlier(info);
            let panic = Panic {
                text: panic_text(info.payload()).to_owned(),
                place: info.location().map(ToString::to_string),
            };
            // A panic in here would abort the process.
            drop(writeln!(io::stderr(), "{panic}"));
            PLACE.set(panic.place);
        }));
    });
}
