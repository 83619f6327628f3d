//! What each of the controller's calls does.

use std::sync::Arc;

use tonic::Status;

use super::answering::{Answer, gaps, raised, to_wire, with_buffer};
use crate::barrier_ops::BarrierOp;
use crate::errors::{Error, ErrorKind};
use crate::proto::controller::{
    GetBlockStatusResponse, GetTrainingStatusResponse, ResumeTrainingResponse,
    SaveCheckpointResponse, StopTrainingResponse,
};
use crate::save_utils::NoFirstSaveCheckpointSaverHook;
use crate::session::Session;

/// What the controller's calls do, each on a thread of the handler pool.
#[derive(Debug)]
pub struct ControllerServicer {
    session: Arc<Session>,
    barrier_op: Arc<BarrierOp>,
    saver_hook: Option<Arc<NoFirstSaveCheckpointSaverHook>>,
}

impl ControllerServicer {
    /// Controls what runs in `session`.
    pub fn new(
        session: Arc<Session>,
        barrier_op: Arc<BarrierOp>,
        saver_hook: Option<Arc<NoFirstSaveCheckpointSaverHook>>,
    ) -> Self {
        Self {
            session,
            barrier_op,
            saver_hook,
        }
    }

    /// Places the barrier.
    pub fn stop_training(&self) -> Answer<StopTrainingResponse> {
        match self.barrier_op.place_barrier(&self.session, "") {
            Err(error) if error.kind() == ErrorKind::BarrierAlreadyPlacedError => {
                Err(Status::already_exists("Barrier is placed already."))
            }
            outcome => outcome
                .map(|()| StopTrainingResponse {})
                .map_err(|error| raised(&error)),
        }
    }

    /// Removes the barrier.
    pub fn resume_training(&self) -> Answer<ResumeTrainingResponse> {
        self.barrier_op
            .remove_barrier(&self.session)
            .map(|()| ResumeTrainingResponse {})
            .map_err(|error| raised(&error))
    }

    /// Says who is blocked and who isn't.
    pub fn get_block_status(&self) -> Answer<GetBlockStatusResponse> {
        // Of one look: with two, an index could be in both lists or in neither.
        let look = self.barrier_op.get_blocked_indices(&self.session);
        let response = look.and_then(|blocked| {
            let capacity = self.barrier_op.capacity();
            let unblocked = capacity - blocked.len();
            let response = GetBlockStatusResponse {
                unblocked_indices: to_wire(gaps(&blocked, capacity), unblocked)?,
                blocked_indices: to_wire(blocked.iter().copied(), blocked.len())?,
            };
            with_buffer(response)
        });
        response.map_err(|error| raised(&error))
    }

    /// Writes a checkpoint.
    pub fn save_checkpoint(&self) -> Answer<SaveCheckpointResponse> {
        let outcome = match &self.saver_hook {
            Some(hook) => hook.trigger_save(&self.session, false),
            None => Err(Error::new(
                ErrorKind::AttributeError,
                "'NoneType' object has no attribute 'trigger_save'",
            )),
        };
        outcome
            .map(|()| SaveCheckpointResponse {})
            .map_err(|error| raised(&error))
    }

    /// Says how far training has come.
    pub fn get_training_status(&self) -> Answer<GetTrainingStatusResponse> {
        self.session
            .global_step()
            .map(|global_step| GetTrainingStatusResponse { global_step })
            .map_err(|error| raised(&error))
    }
}
