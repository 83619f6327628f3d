//! The controller: how an operator stops, resumes, saves and inspects a run.
//!
//! - [`server_lib`]: the hook that serves the calls;
//! - `servicer`: what each call does;
//! - `dispatch`: from the server's thread to its handlers;
//! - [`serving`]: the gRPC server under it;
//! - `listening`: the socket that it listens on;
//! - [`client_lib`]: how a client finds the server;
//! - `connecting`: which of a host's addresses it uses;
//! - [`codec`]: how bytes that can't be decoded are answered.

pub mod client_lib;
pub mod codec;
mod connecting;
pub mod constants;
mod dispatch;
mod listening;
pub mod server_lib;
mod servicer;
pub mod serving;
