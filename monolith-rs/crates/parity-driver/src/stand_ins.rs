//! What a scenario puts in the place of a job's own functions, whatever the port: callbacks of the
//! barrier, report functions, and an operator who needs no server.

use std::sync::Arc;
use std::time::Duration;

use monolith_testing::virtual_clock::catch_panic;
use monolith_training::clock::{Clock, HandlerPool};
use monolith_training::errors::{Error, Result};

use crate::scenario::Unplayable;
use crate::wire::events::{Event, Method, PsResult, RpcResponse, StatusCode};
use crate::wire::scenario::{CallbackKind, HealthReport};
use crate::world::World;

/// How long a slow callback takes.
const SLOW_CALLBACK: Duration = Duration::from_secs(1);

/// The answer to a call that isn't OK.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RpcError {
    /// Its code.
    pub code: StatusCode,
    /// Its details; none of codes whose text is the gRPC library's own.
    pub details: Option<String>,
}

/// A handler that raised.
impl From<Error> for RpcError {
    fn from(error: Error) -> Self {
        Self {
            code: StatusCode::Unknown,
            details: Some(format!(
                "Exception calling application: {}",
                error.message()
            )),
        }
    }
}

impl World {
    /// The barrier's callback of this index in the scenario: given the action it records itself,
    /// and takes 1 s or raises where it is told to.
    pub fn barrier_callback(
        &self,
        index: usize,
        kind: CallbackKind,
    ) -> impl Fn(&str) -> Result<()> + Send + Sync + use<> {
        let (recorder, clock) = (Arc::clone(&self.recorder), self.clock.clone());
        move |action| {
            recorder.record(Event::Callback {
                callback: index,
                action: action.to_owned(),
            });
            match kind {
                CallbackKind::Record => Ok(()),
                CallbackKind::Slow => {
                    clock.sleep(SLOW_CALLBACK);
                    Ok(())
                }
                CallbackKind::Raise => Err(Error::runtime("callback failed")),
            }
        }
    }

    /// Does what a report function of the scenario does with the unhealthy PS, ascending: it
    /// records them, and raises where it is told to. The default report is the port's own.
    ///
    /// # Errors
    ///
    /// The scenario has it raise.
    pub fn report(&self, kind: HealthReport, results: Vec<PsResult>) -> Result<()> {
        self.recorder.record(Event::Report { results });
        match kind {
            HealthReport::Raise => Err(Error::runtime("report failed")),
            HealthReport::Record | HealthReport::Default => Ok(()),
        }
    }

    /// Calls a controller that is no server, and records the answer: `handle` runs on one of its
    /// `handlers`, which the caller waits for. `place` is where the scenario makes the call.
    ///
    /// # Errors
    ///
    /// `handle` panics.
    pub fn call(
        &self,
        handlers: &Arc<dyn HandlerPool>,
        method: Method,
        place: &str,
        handle: impl FnOnce() -> Result<RpcResponse, RpcError> + Send + 'static,
    ) -> Result<(), Unplayable> {
        let answer = self.clock.call(None, |reply| {
            handlers.submit(Box::new(move || reply.send(catch_panic(handle))));
        });
        match answer {
            Some(Ok(answer)) => {
                self.record_answer(method, place, answer);
                Ok(())
            }
            Some(Err(panic)) => Err(format!("the handler {panic}").into()),
            None => unreachable!("only a call with a deadline is given up"),
        }
    }

    /// Records the answer that a client has to a call.
    pub fn record_answer(
        &self,
        method: Method,
        place: &str,
        answer: Result<RpcResponse, RpcError>,
    ) {
        let (code, details, response) = match answer {
            Ok(response) => (StatusCode::Ok, None, Some(response)),
            Err(RpcError { code, details }) => (code, details, None),
        };
        self.recorder.record(Event::Rpc {
            call: place.to_owned(),
            method,
            code,
            details,
            response,
        });
    }
}
