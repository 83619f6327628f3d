//! Connections of a client to a host that has several addresses.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tonic::codegen::BoxFuture;
use tower_service::Service;

use super::targets::DEFAULT_PORT;

/// How long one address is tried alone before the next is tried beside it, as in gRPC.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to the address of a host that answers first.
///
/// Tonic's own connector takes the first one that accepts, and then waits for ever for a
/// listener that accepts and stays silent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connector {
    /// Whether a server of several addresses has to greet. Those of HTTP/2 do; with TLS, and at a
    /// proxy, the client speaks first.
    pub(super) greets: bool,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = BoxFuture<Self::Response, io::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let greets = self.greets;
        Box::pin(async move {
            let host = uri.host().unwrap_or_default();
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let port = uri.port_u16().unwrap_or(DEFAULT_PORT);
            let addrs = lookup_host((host, port)).await?.collect();
            let stream = connect(addrs, greets).await?;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(stream))
        })
    }
}

/// Connects to the only address, or to the first of several that accepts, and greets if it has to.
///
/// They are tried in this order, each once the one before it has failed or has had its
/// time; those that were begun go on. Without any that greets this takes for ever.
async fn connect(addrs: Vec<SocketAddr>, greets: bool) -> io::Result<TcpStream> {
    if let [only] = addrs[..] {
        return TcpStream::connect(only).await;
    }
    // What is left of it ends when it is dropped.
    let mut attempts = JoinSet::new();
    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut untried = addrs.into_iter();
    loop {
        if let Some(addr) = untried.next() {
            attempts.spawn(attempt(addr, greets));
        }
        tokio::select! {
            outcome = attempts.join_next() => match outcome {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(error))) => last_error = error,
                Some(Err(_)) => {}
                None => return Err(last_error),
            },
            () = tokio::time::sleep(ATTEMPT_DELAY), if untried.len() > 0 => {}
        }
    }
}

/// Connects, and may wait for the first byte: a server of HTTP/2 greets without being asked.
async fn attempt(addr: SocketAddr, greets: bool) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(addr).await?;
    if !greets {
        return Ok(stream);
    }
    match stream.peek(&mut [0]).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(stream),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    /// Accepts, as the kernel does for any listener, and never says a word.
    fn silent() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        (listener, addr)
    }

    /// A port that is reserved, and that nothing listens on.
    fn closed() -> SocketAddr {
        ([127, 0, 0, 1], 1).into()
    }

    fn serving(greeting: &'static [u8]) -> SocketAddr {
        let (listener, addr) = silent();
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.write_all(greeting).unwrap();
                if !greeting.is_empty() {
                    kept.push(stream);
                }
            }
        });
        addr
    }

    fn connected(addrs: &[SocketAddr]) -> io::Result<SocketAddr> {
        connected_to(addrs, true)
    }

    fn connected_to(addrs: &[SocketAddr], greets: bool) -> io::Result<SocketAddr> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime
            .block_on(connect(addrs.to_vec(), greets))?
            .peer_addr()
    }

    #[test]
    fn of_several_addresses_the_one_that_answers_is_used() {
        let (_listener, silent) = silent();
        let (good, hangs_up, closed) = (serving(b"hello"), serving(b""), closed());
        for addrs in [
            vec![good, silent],
            vec![silent, good],
            vec![closed, good],
            vec![hangs_up, good],
            vec![silent, closed, hangs_up, good],
            vec![silent, silent, good],
        ] {
            assert_eq!(connected(&addrs).unwrap(), good, "{addrs:?}");
        }
    }

    #[test]
    fn where_servers_do_not_greet_the_first_that_accepts_is_used() {
        let (_listener, silent) = silent();
        for addrs in [vec![silent, closed()], vec![closed(), silent]] {
            assert_eq!(connected_to(&addrs, false).unwrap(), silent);
        }
    }

    #[test]
    fn the_only_address_need_not_greet() {
        let (_listener, silent) = silent();
        assert_eq!(connected(&[silent]).unwrap(), silent);
    }

    #[test]
    fn where_no_address_answers_the_last_error_is_told() {
        let kinds = [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::UnexpectedEof,
        ];
        assert_eq!(connected(&[closed()]).unwrap_err().kind(), kinds[0]);
        assert_eq!(
            connected(&[closed(), closed()]).unwrap_err().kind(),
            kinds[0]
        );
        let hangs_up = connected(&[closed(), serving(b"")]).unwrap_err();
        assert!(kinds.contains(&hangs_up.kind()), "{hangs_up}");
        let none = connected(&[]).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::AddrNotAvailable);
    }
}
