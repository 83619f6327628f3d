//! How a client finds the controller, and calls it with a deadline.

use std::error::Error as _;
use std::net::Ipv6Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use super::connecting::Connector;
use super::constants::SERVER_ADDR_FILENAME;
use crate::errors::{Error, ErrorKind, Result};
use crate::proto::controller::controller_client::ControllerClient;

/// What carries calls to the controller.
pub type ControllerChannel = InterceptedService<Channel, AddressCheck>;

/// What calls the controller.
pub type ControllerStub = ControllerClient<ControllerChannel>;

/// The longest time that a server can be told of: eight digits of hours.
const LONGEST: Duration = Duration::from_secs(99_999_999 * 3600);

/// The port where an address names none, as in gRPC.
pub(super) const DEFAULT_PORT: u16 = 443;

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
    let path = model_dir.join(SERVER_ADDR_FILENAME);
    let bytes = std::fs::read(&path).map_err(|error| Error::from_io(&error, &path))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Error::new(ErrorKind::UnicodeDecodeError, error.to_string()))?;
    Ok(channel(text.trim_end_matches(['\r', '\n'])))
}

/// A stub for the controller at this address, for whoever has it from elsewhere.
pub fn get_stub_for_address(addr: &str) -> ControllerStub {
    ControllerClient::new(channel(addr))
}

/// Makes a call that is given up with `DEADLINE_EXCEEDED` when its time is over,
/// also while it connects; the server is told how long it has.
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
    matches!(status.code(), Code::Unknown | Code::Cancelled) && status.source().is_some()
}

/// Fails every call to an address that makes no sense, and lets the others pass.
#[derive(Clone, Debug)]
pub struct AddressCheck {
    refusal: Option<(Code, String)>,
}

impl Interceptor for AddressCheck {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        match &self.refusal {
            Some((code, message)) => Err(Status::new(*code, message)),
            None => Ok(request),
        }
    }
}

fn channel(addr: &str) -> ControllerChannel {
    let endpoint = uri(addr).and_then(|uri| {
        Endpoint::from_shared(uri).map_err(|error| (Code::Unavailable, error.to_string()))
    });
    let (endpoint, refusal) = match endpoint {
        Ok(endpoint) => (endpoint, None),
        // It is never used: the check comes first.
        Err(refusal) => (Endpoint::from_static("http://[::]:0"), Some(refusal)),
    };
    let channel = endpoint.connect_with_connector_lazy(Connector);
    InterceptedService::new(channel, AddressCheck { refusal })
}

/// The URI of an address, or how calls to it fail.
fn uri(addr: &str) -> Result<String, (Code, String)> {
    if addr.is_empty() {
        return Err((Code::Unknown, "the address is empty".to_owned()));
    }
    let refused = || (Code::Unavailable, format!("{addr:?} is not an address"));
    let (host, port) = split(addr).ok_or_else(refused)?;
    // The end of a line may have white space before it.
    let port = match port.map(str::trim_ascii_end) {
        None | Some("") => DEFAULT_PORT,
        Some(port) => port.parse().map_err(|_| refused())?,
    };
    if is_ipv6(host) {
        return Ok(format!("http://[{host}]:{port}"));
    }
    let in_names = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.is_empty() || !host.chars().all(in_names) {
        return Err(refused());
    }
    Ok(format!("http://{host}:{port}"))
}

/// Whether this is an IPv6 address as a URI may have it, which is without a zone.
fn is_ipv6(host: &str) -> bool {
    host.parse::<Ipv6Addr>().is_ok()
}

/// Host and port as gRPC splits them: with more than one colon and no brackets
/// all of it is the host.
fn split(addr: &str) -> Option<(&str, Option<&str>)> {
    if let Some(bracketed) = addr.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']')?;
        return match rest {
            _ if !is_ipv6(host) => None,
            "" => Some((host, None)),
            port => Some((host, Some(port.strip_prefix(':')?))),
        };
    }
    Some(match addr.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (addr, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::controller::StopTrainingRequest;

    #[test]
    fn an_address_without_a_port_gets_the_default() {
        for (addr, wanted) in [
            ("10.0.0.1", "http://10.0.0.1:443"),
            ("10.0.0.1:", "http://10.0.0.1:443"),
            ("10.0.0.1:80", "http://10.0.0.1:80"),
            ("10.0.0.1:80 ", "http://10.0.0.1:80"),
            ("chief-0.example_run:80", "http://chief-0.example_run:80"),
            ("[fe80::1]", "http://[fe80::1]:443"),
            ("[fe80::1]:80", "http://[fe80::1]:80"),
            ("fe80::1", "http://[fe80::1]:443"),
        ] {
            assert_eq!(uri(addr).unwrap(), wanted);
        }
    }

    #[test]
    fn a_server_that_hangs_up_is_unavailable() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || listener.incoming().for_each(drop));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let outcome = runtime.block_on(async {
            let mut stub = ControllerClient::new(channel(&addr));
            let call = async |request| stub.stop_training(request).await;
            with_deadline(StopTrainingRequest {}, Duration::from_secs(10), call).await
        });
        assert_eq!(outcome.unwrap_err().code(), Code::Unavailable);
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

    #[test]
    fn what_is_no_address_is_refused_with_the_code_that_python_gives() {
        assert_eq!(uri("").unwrap_err().0, Code::Unknown);
        for addr in [
            " 10.0.0.1:80",
            "10.0.0.1:80\n10.0.0.1:80",
            "http://10.0.0.1:80",
            "operator@10.0.0.1:80",
            "10.0.0.1:80/x",
            "10.0.0.1:eighty",
            "10.0.0.1:65536",
            "[10.0.0.1]:80",
            "[fe80::1",
            "[fe80::1]80",
            ":80",
            "not an address",
        ] {
            assert_eq!(uri(addr).unwrap_err().0, Code::Unavailable, "{addr:?}");
        }
    }
}
