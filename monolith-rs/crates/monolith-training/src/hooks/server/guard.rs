//! The guard in front of the controller's methods: who may call what, and the audit.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::transport::server::TlsConnectInfo;
use tonic::{Code, Status};
use tower_service::Service;

use super::access::{Audit, ServerAccess};
use super::audit::{self, Pending};
use super::connection::Caller;
use super::known_methods::time_left;
use super::probes::HEALTH;
use super::tokens::{Holder, Role, TokenTable};
use super::under_way::{UnderWay, too_large};
use crate::errors::Result;

/// What the paths of the controller's methods begin with.
pub(super) const CONTROLLER: &str = "/Controller/";

/// The methods that change the run, which are for operators.
const ACTS: [&str; 3] = ["StopTraining", "ResumeTraining", "SaveCheckpoint"];

/// What an entry of metadata counts for besides its name and value, as in HTTP/2.
const ENTRY_BYTES: usize = 32;

/// Headers that are the protocol's and no metadata.
const NO_METADATA: [&str; 5] = [
    "te",
    "content-type",
    "grpc-timeout",
    "grpc-encoding",
    "grpc-accept-encoding",
];

/// Lets in the calls that `docs/production.md` lets in, and answers the others.
#[derive(Clone)]
pub(super) struct Guard<S> {
    rules: Arc<Rules>,
    inner: S,
}

struct Rules {
    tokens: Option<TokenTable>,
    max_metadata_bytes: usize,
    max_deadline: Option<Duration>,
    /// The methods that it is asked of: the controller's and an operator's.
    methods: Vec<&'static str>,
    health: bool,
    slots: Arc<Semaphore>,
    audit: Audit,
}

impl Guard<()> {
    /// Reads the tokens that `access` names; it stands before nothing yet.
    ///
    /// `methods` are those that a deadline is asked of.
    pub(super) fn new(access: &ServerAccess, methods: Vec<&'static str>) -> Result<Self> {
        let tokens = access.token_file.as_deref().map(TokenTable::read);
        let slots = access.max_concurrent_calls.min(Semaphore::MAX_PERMITS);
        let rules = Rules {
            tokens: tokens.transpose()?,
            max_metadata_bytes: access.max_metadata_bytes,
            max_deadline: access.max_deadline,
            methods,
            health: access.health_service,
            slots: Arc::new(Semaphore::new(slots)),
            audit: access.audit.clone().unwrap_or_else(|| Arc::new(audit::log)),
        };
        Ok(Self {
            rules: Arc::new(rules),
            inner: (),
        })
    }

    /// Stands before this service.
    pub(super) fn before<S>(self, inner: S) -> Guard<S> {
        let rules = self.rules;
        Guard { rules, inner }
    }
}

impl<S> Service<Request<Body>> for Guard<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let rules = &self.rules;
        let (holder, verdict) = rules.judge(request.uri().path(), request.headers());
        let record = || rules.record(holder, &request);
        if let Err(refusal) = verdict {
            record().tell(refusal.code());
            return Box::pin(async move { Ok(refusal.into_http()) });
        }
        let Ok(slot) = Arc::clone(&rules.slots).try_acquire_owned() else {
            let refusal = Status::resource_exhausted("Concurrent RPC limit exceeded!");
            return Box::pin(async move { Ok(refusal.into_http()) });
        };
        let record = changes_the_run(request.uri().path()).then(record);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            let mut code = Code::Ok;
            let mut is_too_large = false;
            // A call that is OK has its status after the body.
            if let Some(status) = Status::from_header_map(response.headers()) {
                code = status.code();
                is_too_large = code == Code::OutOfRange;
                if is_too_large {
                    response = too_large(status.message()).into_http();
                }
            }
            match record {
                // Such a message isn't the handler's, and gRPC refuses it itself.
                Some(record) if is_too_large => record.forget(),
                Some(record) => record.tell(code),
                None => {}
            }
            Ok(response.map(|body| Body::new(UnderWay::new(body, slot))))
        })
    }
}

impl Rules {
    /// Who calls, and whether that may be, in the order of the table in `docs/production.md`.
    fn judge(&self, path: &str, headers: &HeaderMap) -> (Option<&Holder>, Result<(), Status>) {
        if self.health && path.starts_with(HEALTH) {
            return (None, Ok(()));
        }
        let holder = match self.authenticate(headers) {
            Ok(holder) => holder,
            Err(refusal) => return (None, Err(refusal)),
        };
        let verdict = self
            .measure(headers)
            .and_then(|()| forbid(holder, path))
            .and_then(|()| self.limit(path, headers));
        (holder, verdict)
    }

    fn authenticate(&self, headers: &HeaderMap) -> Result<Option<&Holder>, Status> {
        let Some(tokens) = &self.tokens else {
            return Ok(None);
        };
        let mut credentials = headers.get_all(AUTHORIZATION).iter();
        let Some(only) = credentials.next() else {
            return Err(Status::unauthenticated("This controller needs a token."));
        };
        let holder = bearer(only.as_bytes()).and_then(|token| tokens.holder(token));
        match holder {
            Some(holder) if credentials.next().is_none() => Ok(Some(holder)),
            _ => Err(Status::unauthenticated("The token is unknown.")),
        }
    }

    fn measure(&self, headers: &HeaderMap) -> Result<(), Status> {
        let (size, most) = (metadata_bytes(headers), self.max_metadata_bytes);
        if size <= most {
            return Ok(());
        }
        let message = format!("The metadata has {size} bytes; at most {most} are taken.");
        Err(Status::resource_exhausted(message))
    }

    fn limit(&self, path: &str, headers: &HeaderMap) -> Result<(), Status> {
        let Some(most) = self.max_deadline else {
            return Ok(());
        };
        if !self.methods.contains(&path) || time_left(headers).is_some_and(|time| time <= most) {
            return Ok(());
        }
        let seconds = most.as_secs_f64();
        let message = format!("A deadline of at most {seconds} s is needed.");
        Err(Status::invalid_argument(message))
    }

    fn record(&self, holder: Option<&Holder>, request: &Request<Body>) -> Pending {
        let who = match holder {
            Some(holder) => holder.name.clone(),
            None => certificate(request).unwrap_or_else(|| "-".to_owned()),
        };
        let from = request.extensions().get::<Caller>().copied();
        let from = from.unwrap_or(Caller::Tcp(None)).name();
        let method = audit::method_of(request.uri().path());
        Pending::new(who, from, method, Arc::clone(&self.audit))
    }
}

/// The token of `Bearer TOKEN`.
fn bearer(credentials: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = credentials.split_at_checked("Bearer ".len())?;
    (scheme.eq_ignore_ascii_case(b"Bearer ")).then(|| token.trim_ascii())
}

/// Names, values and 32 bytes for each. Values of names in `-bin` are in Base64 on the way.
fn metadata_bytes(headers: &HeaderMap) -> usize {
    let metadata = headers
        .iter()
        .filter(|(name, _)| !NO_METADATA.contains(&name.as_str()));
    let bytes = metadata.map(|(name, value)| {
        let name = name.as_str();
        let value = match value.as_bytes() {
            text if name.ends_with("-bin") => {
                let digits = text.iter().filter(|byte| **byte != b'=').count();
                digits * 3 / 4
            }
            text => text.len(),
        };
        name.len() + value + ENTRY_BYTES
    });
    bytes.sum()
}

fn changes_the_run(path: &str) -> bool {
    let method = path.strip_prefix(CONTROLLER);
    method.is_some_and(|method| ACTS.contains(&method))
}

fn forbid(holder: Option<&Holder>, path: &str) -> Result<(), Status> {
    match holder {
        Some(holder) if holder.role == Role::Reader && changes_the_run(path) => {
            let (name, method) = (&holder.name, audit::method_of(path));
            let message = format!("{name} is a reader: {method} is for operators.");
            Err(Status::permission_denied(message))
        }
        _ => Ok(()),
    }
}

/// What the client's certificate is known by.
fn certificate(request: &Request<Body>) -> Option<String> {
    let connection = request.extensions().get::<TlsConnectInfo<Caller>>()?;
    let certificates = connection.peer_certs()?;
    let digest = Sha256::digest(certificates.first()?);
    let hex = digest.iter().take(8).map(|byte| format!("{byte:02x}"));
    Some(format!("cert:{}", hex.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn metadata_is_what_the_caller_has_put_in() {
        let bytes = |entries: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in entries {
                let name = HeaderName::from_static(name);
                headers.append(name, HeaderValue::from_static(value));
            }
            metadata_bytes(&headers)
        };
        assert_eq!(bytes(&[]), 0);
        assert_eq!(bytes(&[("name", "value")]), 4 + 5 + 32);
        assert_eq!(bytes(&[("a", "b"), ("a", "c")]), 2 * (1 + 1 + 32));
        // Binary values count as what they are, with and without the padding.
        assert_eq!(bytes(&[("a-bin", "AAECAw")]), 5 + 4 + 32);
        assert_eq!(bytes(&[("a-bin", "AAECAw==")]), 5 + 4 + 32);
        assert_eq!(bytes(&NO_METADATA.map(|name| (name, "x"))), 0);
    }

    #[test]
    fn a_bearer_token_has_its_scheme_before_it() {
        assert_eq!(bearer(b"Bearer token"), Some(&b"token"[..]));
        assert_eq!(bearer(b"bearer  token "), Some(&b"token"[..]));
        for other in [
            &b""[..],
            b"token",
            b"Bearer",
            b"Bearer\ttoken",
            b"Basic  token",
        ] {
            assert_eq!(bearer(other), None, "{other:?}");
        }
    }
}
