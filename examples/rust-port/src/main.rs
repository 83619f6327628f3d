//! A small port in Rust, and its driver: the health hook and the barrier, written from
//! docs/behaviour.md. There is no gRPC in it: an operator's calls reach the barrier directly.
//!
//! - [`barrier`], [`health`], [`result`], [`model`]: the port;
//! - [`job`] and what is below: what has it played.

mod barrier;
mod health;
mod job;
mod model;
mod result;

// [start:port]
use std::sync::Arc;

use parity_driver::port::{BASIC_STEPS, MACHINE_FAULTS};
use parity_driver::wire::protocol::Channel;
use parity_driver::wire::scenario::{Hook, ServerFolder};
use parity_driver::{Identity, Job, Port, Scenario, Unplayable, World};

/// The port, as the host sees it.
struct SmallPort;

impl Port for SmallPort {
    fn identity(&self) -> Identity {
        // A saver and a server do nothing here, and nothing is shown of them.
        let hooks = ["ps_health", "saver", "server"];
        Identity {
            implementation: "rust-port".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source_digest: None,
            capabilities: [&hooks, BASIC_STEPS, &["rpc"], MACHINE_FAULTS].concat(),
            channels: Some(vec![
                Channel::Reports,
                Channel::Barrier,
                Channel::Rpc,
                Channel::Steps,
                Channel::Session,
                Channel::Errors,
                Channel::Threads,
                Channel::Logs,
            ]),
            needs: None,
        }
    }

    fn begin(&mut self, scenario: &Scenario, world: &World) -> Result<Arc<dyn Job>, Unplayable> {
        for hook in &scenario.hooks {
            match hook {
                Hook::Saver(saver) if !saver.listeners.is_empty() => {
                    return Err(Unplayable::lacks("listeners"));
                }
                Hook::Server(server) if server.folder == ServerFolder::File => {
                    return Err(Unplayable::lacks("a server that fails"));
                }
                _ => {}
            }
        }
        let global_step = scenario.global_step;
        let global_step = global_step.ok_or_else(|| Unplayable::lacks("graphs without a step"))?;
        Ok(Arc::new(job::SmallJob::new(scenario, world, global_step)))
    }
}

fn main() -> std::io::Result<()> {
    parity_driver::run(SmallPort)
}
// [end:port]
