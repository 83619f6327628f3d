//! Monolith's training hooks and controller, without TensorFlow.
//!
//! Where to look:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`clock`] | time, threads, locks and handler pools as a port |
//! | [`coordinator`] | asking threads to stop and waiting for them |
//! | [`session`] | raw sessions, the hook trait, sessions that call hooks |
//! | [`barrier_ops`] | the barrier that can hold all workers |
//! | [`logging_ops`] | machine info and machine health |
//! | [`save_utils`] | the saver hook, checkpoints |
//! | [`net_utils`], [`device_utils`] | addresses and device names |
//! | [`hooks`] | the health hook and its resilient watch, save listeners, workers held and counted at checkpoints, the controller's server and client, stops and saves by flag or file, the current session, metrics of a run |
//! | [`files`] | reading and replacing files, as a port |
//! | [`errors`] | errors by the names that Python gives them |
//!
//! Virtual time and fakes are in the crate `monolith-testing`, and what plays scenarios
//! on them in `parity-driver`; this crate knows of neither.
//!
//! References like `B12` are to the statements in the repository's
//! `docs/behaviour.md`.

pub mod barrier_ops;
pub mod clock;
pub mod coordinator;
pub mod device_utils;
pub mod errors;
pub mod files;
pub mod hooks;
pub mod logging_ops;
pub mod net_utils;
pub mod proto;
pub mod save_utils;
pub mod session;
mod text;
mod text_format;
