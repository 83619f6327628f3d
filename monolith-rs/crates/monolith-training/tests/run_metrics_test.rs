//! Metrics of a run in virtual time, and as Prometheus scrapes them with the feature `metrics`.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod run_metrics;
