//! The socket that the controller's server listens on.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;

use socket2::{Domain, Protocol, Socket, Type};

/// How many connections may wait to be accepted; the kernel lowers it to its own limit.
pub(super) const BACKLOG: i32 = 4096;

/// What a server listens on.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Listens on all interfaces, on a port of the system's choice (B80).
///
/// By IPv4 and IPv6 where the host has both, also where its default for IPv6
/// sockets is IPv6 only; by IPv4 alone where it has no IPv6.
pub(super) fn listen() -> io::Result<TcpListener> {
    listen_on(new_socket, 0)
}

/// Listens at this address alone, or as [`listen`] does at `[::]`.
///
/// A port that was chosen may be that of a server that has just ended.
pub(super) fn listen_at(addr: SocketAddr) -> io::Result<TcpListener> {
    let new_socket = |domain| {
        let socket = new_socket(domain)?;
        socket.set_reuse_address(addr.port() != 0)?;
        Ok(socket)
    };
    match addr.ip() {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => listen_on(new_socket, addr.port()),
        _ => bind(new_socket(Domain::for_address(addr))?, addr),
    }
}

fn new_socket(domain: Domain) -> io::Result<Socket> {
    Socket::new(domain, Type::STREAM, Some(Protocol::TCP))
}

/// As [`listen`], on sockets as the host makes them.
fn listen_on(
    new_socket: impl Fn(Domain) -> io::Result<Socket>,
    port: u16,
) -> io::Result<TcpListener> {
    let by_both = || {
        let socket = new_socket(Domain::IPV6)?;
        socket.set_only_v6(false)?;
        bind(socket, (Ipv6Addr::UNSPECIFIED, port).into())
    };
    let by_ipv4 = || {
        let addr = (Ipv4Addr::UNSPECIFIED, port).into();
        bind(new_socket(Domain::IPV4)?, addr)
    };
    by_both().or_else(|_| by_ipv4())
}

fn bind(socket: Socket, addr: SocketAddr) -> io::Result<TcpListener> {
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn has_ipv6() -> bool {
        TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
    }

    /// Whether a connection to this listener can be made by each family.
    fn accepts(listener: &TcpListener) -> (bool, bool) {
        let port = listener.local_addr().unwrap().port();
        (
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok(),
            TcpStream::connect((Ipv6Addr::LOCALHOST, port)).is_ok(),
        )
    }

    #[test]
    fn both_families_are_served_where_the_host_has_both() {
        assert_eq!(accepts(&listen().unwrap()), (true, has_ipv6()));
    }

    #[test]
    fn both_families_are_served_where_ipv6_sockets_are_ipv6_only_by_default() {
        let ipv6_only = |domain| {
            let socket = new_socket(domain)?;
            if domain == Domain::IPV6 {
                socket.set_only_v6(true)?;
            }
            Ok(socket)
        };
        let listener = listen_on(ipv6_only, 0);
        assert_eq!(accepts(&listener.unwrap()), (true, has_ipv6()));
    }

    #[test]
    fn ipv4_is_served_where_the_host_has_no_ipv6() {
        let without_ipv6 = |domain| match domain {
            Domain::IPV6 => Err(io::Error::from(io::ErrorKind::Unsupported)),
            domain => new_socket(domain),
        };
        let listener = listen_on(without_ipv6, 0);
        assert_eq!(accepts(&listener.unwrap()), (true, false));
    }

    #[test]
    fn a_host_that_makes_no_socket_at_all_is_an_error() {
        let error = listen_on(|_| Err(io::Error::other("none left")), 0).unwrap_err();
        assert_eq!(error.to_string(), "none left");
    }

    #[test]
    fn an_address_of_one_interface_is_listened_at_alone() {
        let listener = listen_at("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_eq!(accepts(&listener), (true, false));
        let addr = listener.local_addr().unwrap();
        let error = listen_at(addr).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        listen_at(addr).unwrap();
        let all = listen_at("[::]:0".parse().unwrap()).unwrap();
        assert_eq!(accepts(&all), (true, has_ipv6()));
    }
}
