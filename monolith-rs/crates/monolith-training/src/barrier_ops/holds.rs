//! Who holds a barrier.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use crate::clock::relock;
use crate::errors::{Error, Result};

/// The barrier's being placed by one holder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hold {
    /// The holder's name; empty if whoever placed it has none.
    pub holder: String,
    /// The action that it was placed with.
    pub action: String,
    /// The time since which it is held, by the barrier's clock.
    pub since: Duration,
}

/// One holder's view of a barrier.
#[derive(Debug)]
pub(super) struct View {
    holder: String,
    releases: BTreeSet<String>,
}

impl View {
    /// Of a holder whose removal counts for these as well.
    pub(super) fn new(holder: &str, releases: &[&str]) -> Result<Self> {
        if holder.is_empty() {
            return Err(Error::value("holder: expected a name, got an empty one"));
        }
        let released = releases.iter().copied().chain([holder]);
        Ok(Self {
            holder: holder.to_owned(),
            releases: released.map(str::to_owned).collect(),
        })
    }

    pub(super) fn holder(&self) -> &str {
        &self.holder
    }
}

/// A note of who has placed a barrier in this process, the earliest first.
///
/// The bits in the session are what counts. Who writes the note has the barrier's lock; the mutex
/// is for those who only look.
#[derive(Debug, Default)]
pub(super) struct Holds(Mutex<Vec<Hold>>);

impl Holds {
    pub(super) fn all(&self) -> Vec<Hold> {
        relock(&self.0).clone()
    }

    /// This is the only hold; what else is noted is of an earlier session.
    pub(super) fn begin(&self, hold: Hold) {
        *relock(&self.0) = vec![hold];
    }

    /// Adds a hold of a barrier that is placed; false if its holder has one already.
    pub(super) fn join(&self, hold: Hold) -> bool {
        let mut holds = relock(&self.0);
        if holds.iter().any(|other| other.holder == hold.holder) {
            return false;
        }
        if holds.is_empty() {
            // Another process has placed it.
            holds.push(Hold {
                holder: String::new(),
                action: String::new(),
                since: hold.since,
            });
        }
        holds.push(hold);
        true
    }

    /// Nobody holds it any more.
    pub(super) fn clear(&self) {
        relock(&self.0).clear();
    }

    /// Ends the holds that this view releases; true if nobody holds it any more.
    pub(super) fn release(&self, view: &View) -> bool {
        let mut holds = relock(&self.0);
        holds.retain(|hold| !view.releases.contains(&hold.holder));
        holds.is_empty()
    }
}
