//! Panics that are caught: what they said, and where they were.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::panic;
use std::sync::Once;

use monolith_training::clock::panic_text;

thread_local! {
    /// Where the last panic of this thread was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic that was caught; it displays as `panicked at src/job.rs:18:4: what it said`,
/// in one line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Panic {
    /// What it said.
    pub text: String,
    /// Its file, line and column, if [`note_places`] was called before.
    pub place: Option<String>,
}

impl Panic {
    /// The panic of this thread that was caught with this payload.
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

/// Has the place of each panic in this process noted from now on.
///
/// It is also said in one line on stderr, after all that the hook before it prints: of a long
/// backtrace a log may keep only the end.
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
            // A panic in here would be the end of the process.
            drop(writeln!(io::stderr(), "{panic}"));
            PLACE.set(panic.place);
        }));
    });
}
