//! What all processes of a job share, and what an operator asks of it (docs/behaviour.md, B25 to
//! B29).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parity_driver::RpcError;
use parity_driver::errors::ErrorKind;
use parity_driver::wire::events::{Method, RpcResponse, StatusCode};

use crate::barrier::Barrier;

/// The variables of a job.
pub struct Model {
    /// What holds the workers.
    pub barrier: Arc<Barrier>,
    global_step: AtomicI64,
}

impl Model {
    /// A model at this global step.
    pub fn new(barrier: Barrier, global_step: i64) -> Self {
        Self {
            barrier: Arc::new(barrier),
            global_step: AtomicI64::new(global_step),
        }
    }

    /// Takes one training step, which lasts this long, and returns the global step.
    pub fn step(&self, takes: Duration) -> i64 {
        let global_step = self.global_step.fetch_add(1, Ordering::SeqCst) + 1;
        if !takes.is_zero() {
            self.barrier.clock.sleep(takes);
        }
        global_step
    }

    /// Does what a call of the controller asks for.
    pub fn answer(&self, method: Method) -> Result<RpcResponse, RpcError> {
        let mut response = RpcResponse::default();
        match method {
            Method::StopTraining => self.stop()?,
            Method::ResumeTraining => self.barrier.remove(),
            Method::GetTrainingStatus => {
                response.global_step = Some(self.global_step.load(Ordering::SeqCst));
            }
            Method::GetBlockStatus => {
                response.blocked_indices = Some(wide(&self.barrier.indices(true)));
                response.unblocked_indices = Some(wide(&self.barrier.indices(false)));
            }
            Method::SaveCheckpoint => unreachable!("a scenario that calls it is skipped"),
        }
        Ok(response)
    }

    fn stop(&self) -> Result<(), RpcError> {
        match self.barrier.place("") {
            Err(error) if error.kind() == ErrorKind::BarrierAlreadyPlacedError => Err(RpcError {
                code: StatusCode::AlreadyExists,
                details: Some("Barrier is placed already.".to_owned()),
            }),
            outcome => Ok(outcome?),
        }
    }
}

fn wide(indices: &[usize]) -> Vec<i64> {
    let wide = indices.iter().map(|index| i64::try_from(*index));
    wide.flatten().collect()
}
