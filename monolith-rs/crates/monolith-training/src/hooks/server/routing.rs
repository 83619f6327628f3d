//! The way of a client to a server: straight, through a proxy, or by a unix socket.

use std::path::PathBuf;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tonic::codegen::{BoxFuture, StdError};
use tower_service::Service;

use super::connecting::Connector;
use super::connection::Connection;
use crate::errors::{Error, Result};

/// Connects to a server.
#[derive(Clone, Debug)]
pub(super) enum Route {
    Straight(Connector),
    Proxy(Tunnel<Connector>),
    Unix(PathBuf),
}

/// The URI of a proxy, which is `http://host:port`.
pub(super) fn proxy(text: &str) -> Result<Uri> {
    let uri = text.parse().ok();
    let is_one = |uri: &Uri| {
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        uri.scheme_str() == Some("http")
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.port_u16().is_some()
            && !authority.contains('@')
            && matches!(path, "" | "/")
    };
    // It isn't told: it may have a password.
    uri.filter(is_one)
        .ok_or_else(|| Error::access("expected the proxy as http://host:port"))
}

/// The way through this proxy, which doesn't greet.
pub(super) fn through(proxy: Uri) -> Route {
    Route::Proxy(Tunnel::new(proxy, Connector { greets: false }))
}

impl Service<Uri> for Route {
    type Response = TokioIo<Connection>;
    type Error = StdError;
    type Future = BoxFuture<Self::Response, StdError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), StdError>> {
        // A connector is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let way = self.clone();
        Box::pin(async move {
            let connection = match way {
                Self::Straight(mut connector) => {
                    Connection::Tcp(connector.call(uri).await?.into_inner())
                }
                Self::Proxy(mut tunnel) => Connection::Tcp(tunnel.call(uri).await?.into_inner()),
                Self::Unix(path) => Connection::Unix(UnixStream::connect(path).await?),
            };
            Ok(TokioIo::new(connection))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_host_and_a_port() {
        for text in [
            "http://10.0.0.1:3128",
            "http://[::1]:3128/",
            "http://proxy:80",
        ] {
            proxy(text).unwrap();
        }
        for text in [
            "",
            "proxy",
            "proxy:80",
            "http://proxy",
            "https://proxy:443",
            "http://user:word@proxy:80",
            "http://proxy:80/path",
            "http://:80",
        ] {
            let error = proxy(text).unwrap_err();
            assert_eq!(
                error.message(),
                "expected the proxy as http://host:port",
                "{text}"
            );
        }
    }
}
