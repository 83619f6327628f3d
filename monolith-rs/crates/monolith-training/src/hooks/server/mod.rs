//! The controller: how an operator stops, resumes, saves and inspects a run.
//!
//! - [`server_lib`]: the hook that serves the calls;
//! - `servicer`: what each call does;
//! - [`operations`]: what an operator sees beside;
//! - `answering`: what answers are made of;
//! - `offer`, `services`: what is served, under one address;
//! - `dispatch`: from the server's thread to its handlers;
//! - [`serving`]: the gRPC server under it;
//! - `known_methods`: what isn't one is answered there;
//! - `listening`, `unix_socket`, `connection`: what it listens on, and what comes in;
//! - [`client_lib`]: how a client finds the server;
//! - `targets`, `connecting`, `routing`: what it makes of an address, which of a host's it uses, and
//!   which way;
//! - [`codec`]: how bytes that can't be decoded are answered.
//!
//! And where not everybody may call:
//!
//! - [`access`]: the options of both ends;
//! - `guarded`: the server with them; `guard`: whom it lets in; `under_way`: what comes of that;
//! - [`audit`]: what is told of that;
//! - [`tokens`], `private_file`, `pem`: the files with secrets;
//! - `address`: where a server listens;
//! - `probes`: health and reflection.

pub mod access;
mod address;
mod answering;
pub mod audit;
pub mod client_lib;
pub mod codec;
mod connecting;
mod connection;
pub mod constants;
mod dispatch;
mod guard;
mod guarded;
mod known_methods;
mod listening;
mod offer;
pub mod operations;
mod pem;
mod private_file;
mod probes;
mod routing;
pub mod server_lib;
mod servicer;
mod services;
pub mod serving;
mod targets;
pub mod tokens;
mod under_way;
mod unix_socket;
