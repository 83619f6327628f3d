//! Controllers with access over real gRPC on the loopback interface.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod access;
