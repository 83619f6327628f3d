//! Connections as they come in, by TCP or by a unix socket, and who made them.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_stream::Stream;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::server::{Connected, TcpIncoming};

use super::listening::Listener;

/// Connections as they come in; dropped when the listener closes.
pub(super) struct Incoming {
    listener: Accepting,
    _open: mpsc::Sender<()>,
}

enum Accepting {
    Tcp(TcpIncoming),
    Unix(UnixListenerStream),
}

impl Incoming {
    /// Must be called within a runtime; `open` hangs up when the listener is closed.
    pub(super) fn new(listener: Listener, open: mpsc::Sender<()>) -> io::Result<Self> {
        let listener = match listener {
            Listener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                let listener = tokio::net::TcpListener::from_std(listener)?;
                Accepting::Tcp(TcpIncoming::from(listener).with_nodelay(Some(true)))
            }
            Listener::Unix(listener) => {
                listener.set_nonblocking(true)?;
                let listener = tokio::net::UnixListener::from_std(listener)?;
                Accepting::Unix(UnixListenerStream::new(listener))
            }
        };
        Ok(Self {
            listener,
            _open: open,
        })
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.listener {
            Accepting::Tcp(listener) => {
                let stream = Pin::new(listener).poll_next(context);
                stream.map(|stream| stream.map(|stream| stream.map(Connection::Tcp)))
            }
            Accepting::Unix(listener) => {
                let stream = Pin::new(listener).poll_next(context);
                stream.map(|stream| stream.map(|stream| stream.map(Connection::Unix)))
            }
        }
    }
}

/// A connection of a client.
#[derive(Debug)]
pub(super) enum Connection {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The other end of a connection, none if it is gone already.
#[derive(Clone, Copy, Debug)]
pub(super) enum Caller {
    Tcp(Option<SocketAddr>),
    Unix,
}

impl Caller {
    /// `host:port`, or `unix`. An IPv4 host that came by IPv6 is an IPv4 one, as in gRPC.
    pub(super) fn name(self) -> String {
        match self {
            Self::Tcp(None) => "-".to_owned(),
            Self::Tcp(Some(addr)) => {
                SocketAddr::new(addr.ip().to_canonical(), addr.port()).to_string()
            }
            Self::Unix => "unix".to_owned(),
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        match self {
            Self::Tcp(stream) => Caller::Tcp(stream.peer_addr().ok()),
            Self::Unix(_) => Caller::Unix,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buf),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, bufs),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(context, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_name_has_brackets_around_ipv6_only() {
        let name = |addr: &str| Caller::Tcp(Some(addr.parse().unwrap())).name();
        assert_eq!(name("10.0.0.9:53412"), "10.0.0.9:53412");
        assert_eq!(name("[::ffff:10.0.0.9]:53412"), "10.0.0.9:53412");
        assert_eq!(name("[fe80::1]:53412"), "[fe80::1]:53412");
        assert_eq!(Caller::Unix.name(), "unix");
        assert_eq!(Caller::Tcp(None).name(), "-");
    }
}
