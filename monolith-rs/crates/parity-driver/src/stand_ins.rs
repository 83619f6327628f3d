//! Stand-ins for a job's own functions, the same for every port: callbacks of the barrier, report
//! functions, and an operator who needs no server.

use std::sync::Arc;
use std::time::Duration;

use monolith_testing::virtual_clock::catch_panic;
use monolith_training::clock::{Clock, HandlerPool};
use monolith_training::errors::{Error, Result};

use crate::scenario::Unplayable;
use crate::wire::events::{Event, Method, PsResult, RpcResponse, StatusCode};
use crate::wire::scenario::{CallbackKind, HealthReport};
use crate::world::World;

/// The time that a slow callback takes.
const SLOW_CALLBACK: Duration = Duration::from_secs(1);

/// The error answer to a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RpcError {
    /// The status code.
    pub code: StatusCode,
    /// The details; `None` for codes whose text is the gRPC library's own.
    pub details: Option<String>,
}

/// Converts the error that a handler raised.
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
    /// Returns the barrier's callback with this index in the scenario.
    ///
    /// Called with the action, it records the call. Depending on `kind`, it then also takes 1 s or
    /// raises.
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

    /// Acts as the scenario's report function: records the unhealthy PS, and raises if told to.
    ///
    /// `results` are in ascending order of PS. The default report is the port's own.
    ///
    /// # Errors
    ///
    /// Returns an error if the scenario makes the report raise.
    pub fn report(&self, kind: HealthReport, results: Vec<PsResult>) -> Result<()> {
        self.recorder.record(Event::Report { results });
        match kind {
            HealthReport::Raise => Err(Error::runtime("report failed")),
            HealthReport::Record | HealthReport::Default => Ok(()),
        }
    }

    /// Calls a controller that is no server, and records the answer.
    ///
    /// `handle` runs on one of the controller's `handlers`, and the caller waits for it. `place` is
    /// the call's place in the scenario.
    ///
    /// # Errors
    ///
    /// Returns an error if `handle` panics.
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

    /// Records the answer to a client's call.
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
