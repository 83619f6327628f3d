//! What an operator sees of a run: in virtual time, and over real gRPC on the loopback interface.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod operations;
