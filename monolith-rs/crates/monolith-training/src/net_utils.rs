//! Addresses: this machine's own, and whether others answer.

mod node_alive_checker;

use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs};

pub use self::node_alive_checker::{NodeAliveChecker, parse_addr};
use crate::errors::{Error, ErrorKind, Result};

/// Whether this is an IPv6 address, without brackets; a zone such as `%eth0` may follow.
pub fn is_ipv6_address(ip: &str) -> bool {
    let (ip, is_zone) = match ip.split_once('%') {
        Some((ip, zone)) => (ip, !zone.is_empty() && !zone.contains(['%', '/'])),
        None => (ip, true),
    };
    is_zone && ip.parse::<Ipv6Addr>().is_ok()
}

/// `ip:port`, or `[ip]:port` for IPv6.
pub fn concat_ip_and_port(ip: &str, port: u16) -> String {
    if is_ipv6_address(ip) {
        format!("[{ip}]:{port}")
    } else {
        format!("{ip}:{port}")
    }
}

/// Whether the address of [`get_local_ip`] is an IPv4 one.
pub fn is_ipv4_supported() -> Result<bool> {
    Ok(!is_ipv6_address(&get_local_ip()?))
}

/// The first address that this machine's name resolves to.
pub fn get_local_ip() -> Result<String> {
    Ok(local_ip(resolve, &host_name()?)?.to_string())
}

/// Where others reach a server on this machine's `port`.
pub fn get_local_server_addr(port: u16) -> Result<String> {
    Ok(concat_ip_and_port(&get_local_ip()?, port))
}

/// Which addresses a name resolves to, in the resolver's order.
fn resolve(host: &str) -> std::io::Result<Vec<IpAddr>> {
    Ok((host, 0).to_socket_addrs()?.map(|addr| addr.ip()).collect())
}

/// The first address that `host` resolves to by `resolve`.
///
/// Where resolving fails it is tried once more, for IPv6 alone.
pub fn local_ip(
    resolve: impl Fn(&str) -> std::io::Result<Vec<IpAddr>>,
    host: &str,
) -> Result<IpAddr> {
    let first = resolve(host).ok().and_then(|ips| ips.first().copied());
    if let Some(ip) = first {
        return Ok(ip);
    }
    resolve(host)
        .and_then(|ips| {
            let ip = ips.into_iter().find(IpAddr::is_ipv6);
            ip.ok_or_else(|| std::io::Error::other("Name or service not known"))
        })
        .map_err(|error| Error::new(ErrorKind::GaiError, format!("{host}: {error}")))
}

/// As the kernel has it, without the help of `/proc` or of the environment.
fn host_name() -> Result<String> {
    let name = rustix::system::uname().nodename().to_bytes().to_vec();
    String::from_utf8(name).map_err(|error| {
        let name = error.as_bytes().escape_ascii();
        Error::new(
            ErrorKind::GaiError,
            format!("the host name {name} isn't UTF-8"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_gets_brackets() {
        assert_eq!(concat_ip_and_port("10.0.0.1", 80), "10.0.0.1:80");
        assert_eq!(concat_ip_and_port("fe80::1", 80), "[fe80::1]:80");
        assert!(!is_ipv6_address("[fe80::1]"));
    }

    #[test]
    fn a_zone_belongs_to_an_ipv6_address() {
        assert_eq!(concat_ip_and_port("fe80::1%eth0", 80), "[fe80::1%eth0]:80");
        for other in ["fe80::1%", "fe80::1%a%b", "fe80::1%a/b", "10.0.0.1%eth0"] {
            assert!(!is_ipv6_address(other), "{other}");
        }
    }

    #[test]
    fn the_first_address_is_taken() {
        let ips = [IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2])];
        let ip = local_ip(|_| Ok(ips.to_vec()), "host").unwrap();
        assert_eq!(ip, ips[0]);
    }

    #[test]
    fn a_name_that_cannot_be_resolved_is_a_gaierror() {
        let failing = |_: &str| Err(std::io::Error::other("no such host"));
        let error = local_ip(failing, "host").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::GaiError);
    }

    #[test]
    fn the_second_try_takes_ipv6_alone() {
        let tries = std::cell::Cell::new(0);
        let resolve = |_: &str| {
            tries.set(tries.get() + 1);
            match tries.get() {
                1 => Err(std::io::Error::other("try again")),
                _ => Ok(vec![[10, 0, 0, 1].into(), Ipv6Addr::LOCALHOST.into()]),
            }
        };
        assert_eq!(local_ip(resolve, "host").unwrap(), Ipv6Addr::LOCALHOST);
    }

    #[test]
    fn this_host_is_called_what_its_kernel_says() {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(host_name().unwrap(), name.trim_end());
    }
}
