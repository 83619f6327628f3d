//! How a client finds the controller, and calls it with a deadline.

use std::error::Error as _;
use std::path::Path;
use std::time::{Duration, Instant};

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use super::access::ClientAccess;
use super::address::{is_local_host, socket_path};
use super::connecting::Connector;
use super::constants::SERVER_ADDR_FILENAME;
use super::pem;
use super::routing::{self, Route};
use super::targets::{Refusal, host_of, uri};
use super::tokens::read_token;
use crate::errors::{Error, Result};
use crate::proto::controller::controller_client::ControllerClient;
use crate::text::decode_utf8;

/// What carries calls to the controller.
pub type ControllerChannel = InterceptedService<Channel, AddressCheck>;

/// What calls the controller.
pub type ControllerStub = ControllerClient<ControllerChannel>;

/// The longest time that a server can be told of: eight digits of hours.
const LONGEST: Duration = Duration::from_secs(99_999_999 * 3600);

/// A stub for the controller whose address is in `model_dir` (B38).
///
/// It connects when it is first used, so this must be called within a Tokio
/// runtime. An address that makes no sense fails then: an empty one with
/// `UNKNOWN`, any other with `UNAVAILABLE`, as with gRPC for Python. No file:
/// `NotFoundError`; not UTF-8: `UnicodeDecodeError`.
pub fn get_stub_from_model_dir(model_dir: &Path) -> Result<ControllerStub> {
    get_channel_from_model_dir(model_dir).map(ControllerClient::new)
}

/// The channel under [`get_stub_from_model_dir`]'s stub, for calls of one's own making.
pub fn get_channel_from_model_dir(model_dir: &Path) -> Result<ControllerChannel> {
    Ok(channel(&read_address(model_dir)?))
}

/// As [`get_stub_from_model_dir`], with these means of access; they are read now.
///
/// What can't be used of them is an `AccessError`, and so is a token that would be sent where
/// others can read it: without TLS, but to a unix socket or a loopback address.
pub fn get_stub_from_model_dir_with(
    model_dir: &Path,
    access: &ClientAccess,
) -> Result<ControllerStub> {
    get_channel_from_model_dir_with(model_dir, access).map(ControllerClient::new)
}

/// The channel under [`get_stub_from_model_dir_with`]'s stub.
pub fn get_channel_from_model_dir_with(
    model_dir: &Path,
    access: &ClientAccess,
) -> Result<ControllerChannel> {
    channel_with(&read_address(model_dir)?, access)
}

/// As [`get_stub_for_address`], with these means of access.
pub fn get_stub_for_address_with(addr: &str, access: &ClientAccess) -> Result<ControllerStub> {
    channel_with(addr, access).map(ControllerClient::new)
}

fn read_address(model_dir: &Path) -> Result<String> {
    let path = model_dir.join(SERVER_ADDR_FILENAME);
    let bytes = std::fs::read(&path).map_err(|error| Error::from_io(&error, &path))?;
    let text = decode_utf8(bytes)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A stub for the controller at this address, for whoever has it from elsewhere.
pub fn get_stub_for_address(addr: &str) -> ControllerStub {
    ControllerClient::new(channel(addr))
}

/// Makes a call that is given up with `DEADLINE_EXCEEDED` when its time is over,
/// also while it connects; the server is told how long it has. A zero deadline fails without
/// making the call.
///
/// Tonic alone would say `CANCELLED`, and would wait for a connection for ever. A
/// connection that breaks is `UNAVAILABLE`, as in gRPC for Python, where tonic says
/// `UNKNOWN` or `CANCELLED`, by when it breaks.
pub async fn with_deadline<T, R>(
    message: T,
    deadline: Duration,
    call: impl AsyncFnOnce(Request<T>) -> Result<R, Status>,
) -> Result<R, Status> {
    let exceeded = || Status::deadline_exceeded("Deadline Exceeded");
    if deadline.is_zero() {
        // Tokio's timer has a resolution of 1 ms, so a fast answer could win.
        return Err(exceeded());
    }
    let deadline = deadline.min(LONGEST);
    let begun = Instant::now();
    let mut request = Request::new(message);
    request.set_timeout(deadline);
    match tokio::time::timeout(deadline, call(request)).await {
        Ok(Err(status)) if status.code() == Code::Cancelled && begun.elapsed() >= deadline => {
            Err(exceeded())
        }
        Ok(Err(status)) if broke_off(&status) => Err(Status::unavailable(status.message())),
        Ok(outcome) => outcome,
        Err(_) => Err(exceeded()),
    }
}

/// Whether the connection broke. Only a status that no server sent has a source.
fn broke_off(status: &Status) -> bool {
    match (status.code(), status.source()) {
        (Code::Unknown | Code::Cancelled, source) => source.is_some(),
        (Code::Internal, Some(source)) => is_nonsense(source),
        _ => false,
    }
}

/// Whether the client hung up, as what it read was no HTTP/2 but a server's TLS, for example.
fn is_nonsense(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            return error.is_go_away() && error.is_library();
        }
        next = error.source();
    }
    false
}

/// Fails every call to an address that makes no sense, and lets the others pass, with a token
/// if there is one.
#[derive(Clone, Debug)]
pub struct AddressCheck {
    refusal: Option<Refusal>,
    credentials: Option<Credentials>,
}

/// What `authorization` says.
type Credentials = MetadataValue<Ascii>;

impl Interceptor for AddressCheck {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some((code, message)) = &self.refusal {
            return Err(Status::new(*code, message));
        }
        if let Some(credentials) = &self.credentials {
            let metadata = request.metadata_mut();
            metadata.insert("authorization", credentials.clone());
        }
        Ok(request)
    }
}

fn channel(addr: &str) -> ControllerChannel {
    let route = match socket_path(addr) {
        Some(path) => Route::Unix(path.to_owned()),
        None => Route::Straight(Connector { greets: true }),
    };
    connect(uri_of(addr).and_then(endpoint), route, None)
}

fn channel_with(addr: &str, access: &ClientAccess) -> Result<ControllerChannel> {
    let tls = pem::client(access)?;
    let token = access.token_file.as_deref().map(read_token).transpose()?;
    let proxy = access.proxy.as_deref().map(routing::proxy).transpose()?;
    let socket = socket_path(addr);
    let uri = uri_of(addr);
    let is_private = tls.is_some()
        || socket.is_some()
        || uri.as_ref().map_or(true, |uri| is_local_host(host_of(uri)))
            && (proxy.as_ref()).is_none_or(|proxy| is_local_host(host_of(&proxy.to_string())));
    if token.is_some() && !is_private {
        return Err(Error::access(format!(
            "a token for {addr} needs ca, the authorities of the server's certificate, or anyone \
             on the network can read it"
        )));
    }
    let route = match (socket, proxy) {
        (Some(path), _) => Route::Unix(path.to_owned()),
        (None, Some(proxy)) => routing::through(proxy),
        (None, None) => Route::Straight(Connector {
            greets: tls.is_none(),
        }),
    };
    let endpoint = uri.and_then(|uri| {
        let Some(tls) = tls else {
            return endpoint(uri);
        };
        let name = access.server_name.as_deref().unwrap_or(host_of(&uri));
        let tls = tls.domain_name(name);
        let endpoint = endpoint(uri.replacen("http:", "https:", 1))?;
        endpoint
            .tls_config(tls)
            .map_err(|error| unavailable(&error))
    });
    let credentials = token.map(|token| credentials(&token)).transpose()?;
    Ok(connect(endpoint, route, credentials))
}

/// The URI that stands for an address; a unix socket's has a host that any server takes.
fn uri_of(addr: &str) -> Result<String, Refusal> {
    match socket_path(addr) {
        Some(_) => Ok("http://localhost".to_owned()),
        None => uri(addr),
    }
}

fn connect(
    endpoint: Result<Endpoint, Refusal>,
    route: Route,
    credentials: Option<Credentials>,
) -> ControllerChannel {
    let (endpoint, refusal) = match endpoint {
        Ok(endpoint) => (endpoint, None),
        // It is never used: the check comes first.
        Err(refusal) => (Endpoint::from_static("http://[::]:0"), Some(refusal)),
    };
    let check = AddressCheck {
        refusal,
        credentials,
    };
    InterceptedService::new(endpoint.connect_with_connector_lazy(route), check)
}

fn endpoint(uri: String) -> Result<Endpoint, Refusal> {
    Endpoint::from_shared(uri).map_err(|error| unavailable(&error))
}

fn unavailable(error: &tonic::transport::Error) -> Refusal {
    (Code::Unavailable, error.to_string())
}

/// What is sent with each call, and in no log.
fn credentials(token: &str) -> Result<Credentials> {
    let text = format!("Bearer {token}");
    let credentials = text.parse::<Credentials>();
    let mut credentials = credentials.map_err(|error| Error::access(error.to_string()))?;
    credentials.set_sensitive(true);
    Ok(credentials)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::proto::controller::StopTrainingRequest;

    #[test]
    fn a_server_that_hangs_up_or_speaks_something_else_is_unavailable() {
        for greeting in ["", "HTTP/1.1 400 Bad Request\r\n\r\n"] {
            assert_eq!(code_of_a_listener_that_says(greeting), Code::Unavailable);
        }
    }

    fn code_of_a_listener_that_says(greeting: &'static str) -> Code {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = stream.unwrap().write_all(greeting.as_bytes());
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let outcome = runtime.block_on(async {
            let mut stub = ControllerClient::new(channel(&addr));
            let call = async |request| stub.stop_training(request).await;
            with_deadline(StopTrainingRequest {}, Duration::from_secs(10), call).await
        });
        outcome.unwrap_err().code()
    }

    #[test]
    fn a_zero_deadline_fails_without_a_call() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let outcome = runtime.block_on(async {
            with_deadline((), Duration::ZERO, async |_| {
                unreachable!("a zero deadline")
            })
            .await
        });
        let outcome: Result<(), Status> = outcome;
        assert_eq!(outcome.unwrap_err().code(), Code::DeadlineExceeded);
    }

    #[test]
    fn a_deadline_may_be_longer_than_a_server_can_be_told() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let outcome = runtime.block_on(async {
            let call =
                async |request: Request<()>| Ok(request.metadata().get("grpc-timeout").cloned());
            with_deadline((), Duration::MAX, call).await
        });
        assert_eq!(outcome.unwrap().unwrap(), "99999999H");
    }
}
