//! Errors by the names that scenarios have for them.

use monolith_training::errors::ErrorKind;
use serde::Deserialize;

/// The names of [`ErrorKind`], which knows nothing of serde.
#[derive(Deserialize)]
#[serde(remote = "ErrorKind")]
pub(super) enum ErrorName {
    // Subclasses of tf.errors.OpError, in the order of their status codes.
    CancelledError,
    UnknownError,
    InvalidArgumentError,
    DeadlineExceededError,
    NotFoundError,
    AlreadyExistsError,
    PermissionDeniedError,
    ResourceExhaustedError,
    FailedPreconditionError,
    AbortedError,
    OutOfRangeError,
    UnimplementedError,
    InternalError,
    UnavailableError,
    DataLossError,
    UnauthenticatedError,
    // This system's own and protobuf's.
    BarrierAlreadyPlacedError,
    DecodeError,
    // Python's own.
    AttributeError,
    RuntimeError,
    TypeError,
    UnicodeDecodeError,
    ValueError,
    #[serde(rename = "gaierror")]
    GaiError,
    StopIteration,
    KeyboardInterrupt,
    SystemExit,
}
