//! Answers of handlers, and what they are made of.

use prost::Message;
use tonic::Status;

use crate::errors::{Error, Result, with_room};

pub(super) type Answer<T> = std::result::Result<T, Status>;

/// What gRPC for Python makes of an exception in a handler.
pub(super) fn raised(error: &Error) -> Status {
    unknown(error.message())
}

/// The status of a handler that ended with this message.
pub(super) fn unknown(message: &str) -> Status {
    Status::unknown(format!("Exception calling application: {message}"))
}

/// The indices below `capacity` that aren't among these, which ascend.
pub(super) fn gaps(indices: &[usize], capacity: usize) -> impl Iterator<Item = usize> {
    let mut taken = indices.iter().copied().peekable();
    (0..capacity).filter(move |index| taken.next_if_eq(index).is_none())
}

/// These `count` indices, as the response has them.
pub(super) fn to_wire(indices: impl Iterator<Item = usize>, count: usize) -> Result<Vec<i32>> {
    let mut on_wire = with_room(count, "indices of workers")?;
    for index in indices {
        let index = i32::try_from(index).map_err(|error| Error::value(error.to_string()))?;
        on_wire.push(index);
    }
    Ok(on_wire)
}

/// This answer, if there is memory to send it.
pub(super) fn with_buffer<T: Message>(answer: T) -> Result<T> {
    // A buffer that can't grow to hold it would end the process; it may double.
    with_room::<u8>(2 * answer.encoded_len(), "bytes of an answer")?;
    Ok(answer)
}
