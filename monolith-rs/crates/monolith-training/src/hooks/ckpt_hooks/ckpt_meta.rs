//! The step of the checkpoint that the chief is writing, in a variable of the session (B51).

use prost::Message;

use crate::errors::{Error, ErrorKind, Result};
pub use crate::proto::ckpt_hooks::WorkerCkptInfo;
use crate::session::Session;

/// Replaces the info of this session's graph.
///
/// It is a variable that a [`BarrierSaverListener`](super::BarrierSaverListener) or a
/// [`WorkerCkptHelper`](super::WorkerCkptHelper) gives its graph: one of them has to be
/// made before the session.
pub fn assign_ckpt_info(session: &Session, info: &WorkerCkptInfo) -> Result<()> {
    session.set_ckpt_info(info.encode_to_vec())
}

/// The info that was assigned last; an empty one in a new session.
pub fn get_ckpt_info(session: &Session) -> Result<WorkerCkptInfo> {
    let bytes = session.ckpt_info()?;
    WorkerCkptInfo::decode(&*bytes)
        .map_err(|error| Error::new(ErrorKind::DecodeError, error.to_string()))
}
