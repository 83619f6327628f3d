//! Errors by the names that Python gives them, each with its bare message.
//!
//! What an error *is* decides what the system does with it: a preemption makes
//! a session be created anew, an `OutOfRangeError` ends a body quietly, an
//! `OpError` is worth a second try at saving. So the kind is a closed set and
//! the predicates live here, next to it.

use std::fmt;

/// What went wrong, by its Python class.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[allow(missing_docs)] // the names are Python's and say it all
pub enum ErrorKind {
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
    AccessError,
    BarrierAlreadyPlacedError,
    DecodeError,
    // Python's own.
    AttributeError,
    RuntimeError,
    TypeError,
    UnicodeDecodeError,
    ValueError,
    GaiError,
    StopIteration,
    KeyboardInterrupt,
    SystemExit,
}

impl ErrorKind {
    /// Whether it is one of TensorFlow's errors.
    pub fn is_op_error(self) -> bool {
        self <= Self::UnauthenticatedError
    }

    /// Whether a recovering session is created anew after it.
    pub fn is_preemption(self) -> bool {
        matches!(self, Self::AbortedError | Self::UnavailableError)
    }

    /// Whether `except Exception` would have caught it.
    pub fn is_exception(self) -> bool {
        !matches!(self, Self::KeyboardInterrupt | Self::SystemExit)
    }

    /// Whether leaving a session's body with it counts as a clean end.
    pub fn is_end_of_input(self) -> bool {
        matches!(self, Self::OutOfRangeError | Self::StopIteration)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GaiError => f.write_str("gaierror"),
            named => fmt::Debug::fmt(named, f),
        }
    }
}

/// An error as Python would have raised it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// What most calls in this crate give.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of this kind with this bare message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// A `RuntimeError`.
    pub fn runtime(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::RuntimeError, message)
    }

    /// A `ValueError`.
    pub fn value(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ValueError, message)
    }

    /// A `ResourceExhaustedError`: there is no memory for this many of these.
    pub fn out_of_memory(count: usize, what: &str) -> Self {
        let message = format!("OOM when allocating {count} {what}");
        Self::new(ErrorKind::ResourceExhaustedError, message)
    }

    /// An `AccessError`: an option or a file of access to the controller can't be used.
    pub fn access(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::AccessError, message)
    }

    /// What the use of a closed session gives.
    pub fn closed_session() -> Self {
        Self::runtime("Attempted to use a closed Session.")
    }

    /// What Python gives where the system makes no more threads.
    pub fn no_new_thread(error: &std::io::Error) -> Self {
        Self::runtime(format!("can't start new thread: {error}"))
    }

    /// A file system error under TensorFlow's name for it.
    pub fn from_io(error: &std::io::Error, path: &std::path::Path) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match error.kind() {
            Io::NotFound => ErrorKind::NotFoundError,
            Io::AlreadyExists | Io::NotADirectory | Io::IsADirectory => {
                ErrorKind::FailedPreconditionError
            }
            Io::PermissionDenied => ErrorKind::PermissionDeniedError,
            Io::StorageFull => ErrorKind::ResourceExhaustedError,
            _ => ErrorKind::UnknownError,
        };
        Self::new(kind, format!("{}; {error}", path.display()))
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The bare message, without the kind.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// See [`ErrorKind::is_op_error`].
    pub fn is_op_error(&self) -> bool {
        self.kind.is_op_error()
    }

    /// See [`ErrorKind::is_preemption`].
    pub fn is_preemption(&self) -> bool {
        self.kind.is_preemption()
    }
}

/// An empty vector that can take `count` of these, whatever `count` is.
pub(crate) fn with_room<T>(count: usize, what: &str) -> Result<Vec<T>> {
    let mut room = Vec::new();
    room.try_reserve_exact(count)
        .map_err(|_| Error::out_of_memory(count, what))?;
    Ok(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn op_errors_are_tensorflows_and_no_others() {
        assert!(ErrorKind::CancelledError.is_op_error());
        assert!(ErrorKind::UnauthenticatedError.is_op_error());
        assert!(!ErrorKind::BarrierAlreadyPlacedError.is_op_error());
        assert!(!ErrorKind::StopIteration.is_op_error());
    }

    #[test]
    fn room_that_there_is_not_is_an_error() {
        assert!(with_room::<u8>(7, "bytes").unwrap().capacity() >= 7);
        for count in [usize::MAX, usize::MAX / 8] {
            let error = with_room::<u64>(count, "numbers").unwrap_err();
            assert_eq!(error, Error::out_of_memory(count, "numbers"));
        }
    }

    #[test]
    fn names_are_pythons() {
        assert_eq!(
            Error::value("seven").to_string(),
            "ValueError: seven".to_owned()
        );
        assert_eq!(ErrorKind::GaiError.to_string(), "gaierror");
    }
}
