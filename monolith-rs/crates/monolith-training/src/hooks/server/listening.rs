//! The socket that the controller's server listens on.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// How many connections may wait to be accepted; the kernel lowers it to its own limit.
const BACKLOG: i32 = 4096;

/// Listens on all interfaces, on a port of the system's choice (B80).
///
/// By IPv4 and IPv6 where the host has both, also where its default for IPv6
/// sockets is IPv6 only; by IPv4 alone where it has no IPv6.
pub(super) fn listen() -> io::Result<TcpListener> {
    listen_on(|domain| Socket::new(domain, Type::STREAM, Some(Protocol::TCP)))
}

/// As [`listen`], on sockets as the host makes them.
fn listen_on(new_socket: impl Fn(Domain) -> io::Result<Socket>) -> io::Result<TcpListener> {
    let by_both = || {
        let socket = new_socket(Domain::IPV6)?;
        socket.set_only_v6(false)?;
        bind(socket, (Ipv6Addr::UNSPECIFIED, 0).into())
    };
    let by_ipv4 = || bind(new_socket(Domain::IPV4)?, (Ipv4Addr::UNSPECIFIED, 0).into());
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

    fn new_socket(domain: Domain) -> io::Result<Socket> {
        Socket::new(domain, Type::STREAM, Some(Protocol::TCP))
    }

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
        let listener = listen_on(|domain| {
            let socket = new_socket(domain)?;
            if domain == Domain::IPV6 {
                socket.set_only_v6(true)?;
            }
            Ok(socket)
        });
        assert_eq!(accepts(&listener.unwrap()), (true, has_ipv6()));
    }

    #[test]
    fn ipv4_is_served_where_the_host_has_no_ipv6() {
        let listener = listen_on(|domain| match domain {
            Domain::IPV6 => Err(io::Error::from(io::ErrorKind::Unsupported)),
            domain => new_socket(domain),
        });
        assert_eq!(accepts(&listener.unwrap()), (true, false));
    }

    #[test]
    fn a_host_that_makes_no_socket_at_all_is_an_error() {
        let error = listen_on(|_| Err(io::Error::other("none left"))).unwrap_err();
        assert_eq!(error.to_string(), "none left");
    }
}
