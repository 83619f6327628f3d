//! Errors by the names that scenarios have for them.

use monolith_training::errors::ErrorKind;
use serde::Deserialize;

/// The names of [`ErrorKind`], which knows nothing of serde.
///
/// Tests can write them too, and don't compile if a kind has no name here.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
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

#[cfg(test)]
mod tests {
    use serde_json::value::Serializer;

    use super::*;

    #[test]
    fn an_error_has_the_name_that_the_port_shows() {
        for kind in [
            ErrorKind::CancelledError,
            ErrorKind::BarrierAlreadyPlacedError,
            ErrorKind::GaiError,
            ErrorKind::SystemExit,
        ] {
            let name = ErrorName::serialize(&kind, Serializer).unwrap();
            assert_eq!(name, kind.to_string());
            assert_eq!(ErrorName::deserialize(name).unwrap(), kind);
        }
    }
}
