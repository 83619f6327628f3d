//! Addresses of controllers with access: of TCP or a unix socket, and whether they are local.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::errors::{Error, Result};

/// What the address of a unix socket begins with; its path follows.
pub(super) const UNIX: &str = "unix:";

/// Where a server is to listen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum ListenAddress {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl ListenAddress {
    /// `host:port` with an IP address as host, or `unix:PATH`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let address = match text.strip_prefix(UNIX) {
            Some("") => None,
            Some(path) => Some(Self::Unix(PathBuf::from(path))),
            None => text.parse().ok().map(Self::Tcp),
        };
        address.ok_or_else(|| {
            Error::access(format!(
                "expected the address as IP:PORT, [IPV6]:PORT or unix:PATH, got {text:?}"
            ))
        })
    }

    /// Whether nothing that is sent to it leaves the machine.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(addr) => addr.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

/// The path in the address of a unix socket.
pub(super) fn socket_path(addr: &str) -> Option<&Path> {
    let path = addr.strip_prefix(UNIX)?;
    (!path.is_empty()).then(|| Path::new(path))
}

/// Whether what a client sends to this host can't leave the machine.
pub(super) fn is_local_host(host: &str) -> bool {
    let is_loopback = |ip: IpAddr| ip.is_loopback();
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::ErrorKind;

    #[test]
    fn an_address_is_an_ip_and_a_port_or_a_path() {
        for (text, local) in [
            ("[::]:0", false),
            ("0.0.0.0:8080", false),
            ("10.0.0.1:0", false),
            ("127.0.0.1:0", true),
            ("127.9.9.9:0", true),
            ("[::1]:7", true),
            ("unix:/run/controller.sock", true),
            ("unix:controller.sock", true),
        ] {
            let address = ListenAddress::parse(text).unwrap();
            assert_eq!(address.is_local(), local, "{text}");
        }
        for text in [
            "",
            "unix:",
            "localhost:0",
            "10.0.0.1",
            "::1:0",
            "[::1]",
            ":0",
            "1.2.3.4:65536",
        ] {
            let error = ListenAddress::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AccessError, "{text}");
        }
    }

    #[test]
    fn local_hosts_are_loopback_ones() {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "::1"] {
            assert!(is_local_host(host), "{host}");
        }
        for host in [
            "10.0.0.1",
            "127.example.org",
            "localhost.example.org",
            "::",
            "fe80::1",
            "",
        ] {
            assert!(!is_local_host(host), "{host}");
        }
    }
}
