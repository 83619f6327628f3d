//! The audit: who changed the run or was refused, from where, and what came of it.

use tonic::Code;

use super::access::Audit;

/// How many characters of a method's name are told.
const LONGEST_METHOD: usize = 64;

/// One call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditRecord {
    /// The token's name; without one `cert:` and what the client's certificate is known by; or `-`.
    pub who: String,
    /// `host:port`, or `unix`.
    pub from: String,
    /// The last part of the method's path; characters that could forge a line are `?`.
    pub method: String,
    /// What came of it.
    pub code: Code,
}

impl AuditRecord {
    /// The record on one line, without its end.
    pub fn line(&self) -> String {
        let Self {
            who, from, method, ..
        } = self;
        let code = name(self.code);
        format!("who={who} from={from} method={method} code={code}")
    }
}

/// Tells the log of a record.
pub(super) fn log(record: &AuditRecord) {
    tracing::info!("audit: {}", record.line());
}

/// The last part of a path, as a record has it.
pub(super) fn method_of(path: &str) -> String {
    let method = path.rsplit('/').next().unwrap_or_default();
    let in_methods = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let shown = |c| if in_methods(c) { c } else { '?' };
    method.chars().take(LONGEST_METHOD).map(shown).collect()
}

/// A record of a call that is under way, which is told once, at the latest when it is dropped.
///
/// A call is dropped if its client goes away first.
pub(super) struct Pending {
    record: Option<AuditRecord>,
    audit: Audit,
}

impl Pending {
    pub(super) fn new(who: String, from: String, method: String, audit: Audit) -> Self {
        let code = Code::Cancelled;
        let record = AuditRecord {
            who,
            from,
            method,
            code,
        };
        Self {
            record: Some(record),
            audit,
        }
    }

    /// Tells it with this code, by dropping it.
    pub(super) fn tell(mut self, code: Code) {
        if let Some(record) = &mut self.record {
            record.code = code;
        }
    }

    /// Lets it be.
    pub(super) fn forget(mut self) {
        self.record = None;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(record) = self.record.take() {
            (self.audit)(&record);
        }
    }
}

/// A code by gRPC's own name.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_line_is_as_documented() {
        for (who, from, code, line) in [
            (
                "alice",
                "10.0.0.9:53412",
                Code::Ok,
                "who=alice from=10.0.0.9:53412 method=StopTraining code=OK",
            ),
            (
                "-",
                "[fe80::1]:53418",
                Code::Unauthenticated,
                "who=- from=[fe80::1]:53418 method=StopTraining code=UNAUTHENTICATED",
            ),
            (
                "cert:0123456789abcdef",
                "unix",
                Code::AlreadyExists,
                "who=cert:0123456789abcdef from=unix method=StopTraining code=ALREADY_EXISTS",
            ),
        ] {
            let record = AuditRecord {
                who: who.to_owned(),
                from: from.to_owned(),
                method: "StopTraining".to_owned(),
                code,
            };
            assert_eq!(record.line(), line);
        }
    }

    #[test]
    fn no_method_forges_a_line() {
        assert_eq!(method_of("/Controller/StopTraining"), "StopTraining");
        assert_eq!(method_of("/a/b_c.d-e"), "b_c.d-e");
        assert_eq!(method_of("/a/Stop code=OK%0a\"é"), "Stop?code?OK?0a??");
        assert_eq!(method_of("/"), "");
        assert_eq!(method_of(&format!("/a/{}", "b".repeat(65))), "b".repeat(64));
    }

    #[test]
    fn a_pending_record_is_told_once() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let pending = || {
            let told = Arc::clone(&told);
            let audit: Audit = Arc::new(move |record| told.lock().unwrap().push(record.code));
            Pending::new("-".to_owned(), "unix".to_owned(), "Stop".to_owned(), audit)
        };
        pending().tell(Code::Ok);
        pending().forget();
        drop(pending());
        assert_eq!(*told.lock().unwrap(), [Code::Ok, Code::Cancelled]);
    }
}
