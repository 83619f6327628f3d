//! The hooks that keep a training run under control.

pub mod ckpt_hooks;
pub mod ckpt_info;
pub mod controller_hooks;
pub mod hook_utils;
#[cfg(feature = "metrics")]
pub mod prometheus_metrics;
pub mod ps_check_hooks;
pub mod resilient_watch;
pub mod run_metrics;
pub mod server;
pub mod session_hooks;
