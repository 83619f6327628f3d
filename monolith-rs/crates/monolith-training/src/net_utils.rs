//! Addresses: this machine's own, and whether others answer.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::clock::relock;
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

/// Where resolving fails it is tried once more, for IPv6 alone.
fn local_ip(resolve: impl Fn(&str) -> std::io::Result<Vec<IpAddr>>, host: &str) -> Result<IpAddr> {
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

/// Looks which of some servers accept a connection.
#[derive(Clone, Debug)]
pub struct NodeAliveChecker {
    addrs: Vec<String>,
    alive: Vec<bool>,
}

impl NodeAliveChecker {
    /// Tries all addresses, `num_thread` at a time, or as many as the host has threads
    /// for, each for `timeout` at most.
    ///
    /// One that is neither `host:port` nor `[ipv6]:port` is a `ValueError`.
    pub fn new(addrs: Vec<String>, timeout: Duration, num_thread: usize) -> Result<Self> {
        let targets: Result<Vec<_>> = addrs.iter().map(|addr| parse_addr(addr)).collect();
        let targets = targets?;
        let alive = Mutex::new(vec![false; addrs.len()]);
        let queue = Mutex::new(0..addrs.len());
        let next = || relock(&queue).next();
        let try_those_left = || {
            while let Some(at) = next() {
                let answers = answers(targets[at], timeout);
                relock(&alive)[at] = answers;
            }
        };
        thread::scope(|scope| {
            // This thread is one of them.
            for _ in 1..num_thread.min(addrs.len()) {
                let started = thread::Builder::new().spawn_scoped(scope, try_those_left);
                if started.is_err() {
                    break;
                }
            }
            try_those_left();
        });
        let alive = alive.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Self { addrs, alive })
    }

    /// Whether all accepted.
    pub fn all_nodes_alive(&self) -> bool {
        self.alive.iter().all(|alive| *alive)
    }

    /// Those that accepted, in the order given.
    pub fn get_alive_nodes(&self) -> Vec<&str> {
        self.nodes(true)
    }

    /// Those that did not, in the order given.
    pub fn get_dead_nodes(&self) -> Vec<&str> {
        self.nodes(false)
    }

    /// All of them.
    pub fn get_addrs(&self) -> &[String] {
        &self.addrs
    }

    fn nodes(&self, wanted: bool) -> Vec<&str> {
        let pairs = self.addrs.iter().zip(&self.alive);
        pairs
            .filter(|(_, alive)| **alive == wanted)
            .map(|(addr, _)| addr.as_str())
            .collect()
    }
}

/// Host and port of `host:port` or `[ipv6]:port`; a `ValueError` of anything else.
pub fn parse_addr(addr: &str) -> Result<(&str, u16)> {
    split(addr).ok_or_else(|| {
        Error::value(format!(
            "'{}' is not an address: write host:port or [ipv6]:port.",
            addr.escape_debug()
        ))
    })
}

fn split(addr: &str) -> Option<(&str, u16)> {
    let (host, port) = addr.rsplit_once(':')?;
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = match bracketed {
        Some(host) => host,
        // An IPv6 address without brackets: where it ends is anyone's guess.
        None if host.contains(':') => return None,
        None => host,
    };
    let has_digits = port.bytes().all(|byte| byte.is_ascii_digit());
    if host.is_empty() || !has_digits || addr.contains(is_space) {
        return None;
    }
    Some((host, port.parse().ok()?))
}

/// White space, as Python has it: with the four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

fn answers(target: (&str, u16), timeout: Duration) -> bool {
    let resolved: Vec<SocketAddr> = target.to_socket_addrs().into_iter().flatten().collect();
    resolved
        .iter()
        .any(|addr| TcpStream::connect_timeout(addr, timeout).is_ok())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

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
    fn an_address_is_a_host_and_a_port() {
        assert_eq!(parse_addr("host:80").unwrap(), ("host", 80));
        assert_eq!(parse_addr("[::1]:00080").unwrap(), ("::1", 80));
        assert_eq!(parse_addr("10.0.0.1:65535").unwrap(), ("10.0.0.1", 65535));
    }

    #[test]
    fn what_is_not_an_address_is_a_value_error() {
        for addr in [
            "",
            "host",
            "host:",
            ":80",
            "[]:80",
            "::1:80",
            "[::1]",
            "host:65536",
            "host:+80",
            "host:http",
            "host:²",
            " host:80",
            "host:80\n",
            "ho st:80",
            "ho\x1fst:80",
        ] {
            let error = parse_addr(addr).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ValueError, "{addr}");
        }
        let addrs = vec!["host".to_owned()];
        let error = NodeAliveChecker::new(addrs, Duration::from_secs(1), 10).unwrap_err();
        let message = "'host' is not an address: write host:port or [ipv6]:port.";
        assert_eq!(error.message(), message);
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
    fn only_who_listens_is_alive() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let alive = listener.local_addr().unwrap().to_string();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let dead = closed.local_addr().unwrap().to_string();
        drop(closed);
        let addrs = vec![alive.clone(), dead.clone()];
        let checker = NodeAliveChecker::new(addrs, Duration::from_secs(1), 10).unwrap();
        assert!(!checker.all_nodes_alive());
        assert_eq!(checker.get_alive_nodes(), [&alive]);
        assert_eq!(checker.get_dead_nodes(), [&dead]);
        for threads in [0, 1, usize::MAX] {
            let addrs = vec![alive.clone(); 3];
            let checker = NodeAliveChecker::new(addrs, Duration::from_secs(1), threads).unwrap();
            assert!(checker.all_nodes_alive());
        }
    }

    #[test]
    fn this_host_is_called_what_its_kernel_says() {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(host_name().unwrap(), name.trim_end());
    }
}
