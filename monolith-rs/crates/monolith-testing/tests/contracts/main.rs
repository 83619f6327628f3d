//! What hooks may rely on of fakes and of the real things alike: the same tests for both.
//!
//! On the system's clock they rely on lower bounds of time and on [`Stage::until`] alone,
//! which gives up after a minute: nothing is late on a slow machine.
//!
//! [`Stage::until`]: stage::Stage::until
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod after_run;
mod alarms;
mod at_once;
mod chance;
mod chief;
mod clock;
mod coordinator;
mod errors;
mod files;
mod graphs;
mod iterators;
mod job;
mod machines;
mod memory;
mod nodes;
mod pending;
mod pools;
mod records;
mod reports;
mod rig;
mod saver;
mod schedule;
mod script;
mod server;
mod sessions;
mod slots;
mod stage;
mod states;
mod timer;
mod workers;
