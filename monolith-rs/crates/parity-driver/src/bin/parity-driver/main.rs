//! The driver of the port in `monolith-training`, and the first user of the library.
//!
//! stdout belongs to the protocol alone; the driver's own messages go to stderr.
//!
//! - [`play`]: the job of a scenario;
//! - [`interop`]: servers, clients and messages, for tests with other languages;
//! - [`status`]: gRPC status codes.

mod interop;
mod play;
mod status;

use std::process::ExitCode;
use std::sync::Arc;

use parity_driver::scenario::all_words;
use parity_driver::wire::protocol::{Answer, Request, StopServingRequest};
use parity_driver::{Identity, Job, Need, Port, Scenario, Unplayable, World};

fn main() -> ExitCode {
    play::logs::install();
    match parity_driver::run(Monolith::default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The port, and the controller that it serves for interop.
#[derive(Default)]
struct Monolith {
    interop: interop::Peer,
}

impl Port for Monolith {
    fn identity(&self) -> Identity {
        Identity {
            implementation: "monolith-rs".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source_digest: Some(env!("MONOLITH_SOURCE_DIGEST").to_owned()),
            capabilities: [&all_words()[..], &["interop", "look", "access"]].concat(),
            channels: None,
            needs: Some(vec![
                Need::Injection,
                Need::ExactTime,
                Need::ExactMemory,
                Need::Options,
            ]),
        }
    }

    fn begin(&mut self, scenario: &Scenario, world: &World) -> Result<Arc<dyn Job>, Unplayable> {
        Ok(Arc::new(play::MonolithJob::new(scenario, world)?))
    }

    fn interop(&mut self, request: Request) -> Answer {
        let interop = &mut self.interop;
        match request {
            Request::Serve(serve) => interop.serve(serve),
            Request::Arrive(arrive) => interop.arrive(&arrive),
            Request::StopServing(StopServingRequest { seq }) => interop.stop_serving(seq),
            Request::Call(call) => interop::call(&call),
            Request::Encode(encode) => interop::encode(encode),
            Request::Decode(decode) => interop::decode(decode),
            Request::Look(look) => interop::look(look, interop),
            Request::Hello(_) | Request::Play(_) | Request::Bye(_) => {
                unreachable!("the library answers these")
            }
        }
    }
}
