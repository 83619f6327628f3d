//! Every error in every place of a save: who is tried again, who is swallowed, who leaves.

use monolith_training::errors::ErrorKind;

/// Every kind of error that there is.
pub(crate) const ALL: [ErrorKind; 27] = [
    ErrorKind::CancelledError,
    ErrorKind::UnknownError,
    ErrorKind::InvalidArgumentError,
    ErrorKind::DeadlineExceededError,
    ErrorKind::NotFoundError,
    ErrorKind::AlreadyExistsError,
    ErrorKind::PermissionDeniedError,
    ErrorKind::ResourceExhaustedError,
    ErrorKind::FailedPreconditionError,
    ErrorKind::AbortedError,
    ErrorKind::OutOfRangeError,
    ErrorKind::UnimplementedError,
    ErrorKind::InternalError,
    ErrorKind::UnavailableError,
    ErrorKind::DataLossError,
    ErrorKind::UnauthenticatedError,
    ErrorKind::BarrierAlreadyPlacedError,
    ErrorKind::DecodeError,
    ErrorKind::AttributeError,
    ErrorKind::RuntimeError,
    ErrorKind::TypeError,
    ErrorKind::UnicodeDecodeError,
    ErrorKind::ValueError,
    ErrorKind::GaiError,
    ErrorKind::StopIteration,
    ErrorKind::KeyboardInterrupt,
    ErrorKind::SystemExit,
];
