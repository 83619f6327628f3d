//! Addresses: this machine's own, and whether others answer.

use std::io::Write;
use std::net::{IpAddr, Ipv6Addr, TcpStream, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::clock::relock;
use crate::errors::{Error, ErrorKind, Result};
use crate::text::is_space;

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

/// Looks which of some servers accept a connection (B44).
#[derive(Clone, Debug)]
pub struct NodeAliveChecker {
    addrs: Vec<String>,
    alive: Vec<String>,
    dead: Vec<String>,
}

impl NodeAliveChecker {
    /// Asks all addresses, `num_thread` at a time, or as many as the host has threads
    /// for, each for `timeout` at most.
    ///
    /// Whatever keeps it from connecting makes an address dead, one that is no address
    /// too; a line on standard output says why. With no threads nobody is asked.
    pub fn new(addrs: Vec<String>, timeout: Duration, num_thread: usize) -> Self {
        let mut output = std::io::stdout();
        // Without a standard output nobody is told.
        Self::reporting_to(addrs, timeout, num_thread, |line| {
            drop(writeln!(output, "{line}"));
        })
    }

    /// As [`new`](Self::new), with the lines given to `report`, on this thread, once
    /// all were asked.
    pub fn reporting_to(
        addrs: Vec<String>,
        timeout: Duration,
        num_thread: usize,
        mut report: impl FnMut(&str),
    ) -> Self {
        let asked: &[String] = if num_thread == 0 { &[] } else { &addrs };
        let mut targets: Vec<&String> = Vec::new();
        for addr in asked {
            if !targets.contains(&addr) {
                targets.push(addr);
            }
        }
        let (mut alive, mut dead) = (Vec::new(), Vec::new());
        for (addr, outcome) in ask_all(&targets, timeout, num_thread) {
            match outcome {
                Ok(()) => alive.push(addr.to_owned()),
                Err(why) => {
                    report(&format!("cannot connect to {addr}: {why}"));
                    dead.push(addr.to_owned());
                }
            }
        }
        Self { addrs, alive, dead }
    }

    /// Whether none is dead.
    pub fn all_nodes_alive(&self) -> bool {
        self.dead.is_empty()
    }

    /// Those that accepted, each once, in the order given.
    pub fn get_alive_nodes(&self) -> Vec<&str> {
        self.alive.iter().map(String::as_str).collect()
    }

    /// Those that did not, each once, in the order given.
    pub fn get_dead_nodes(&self) -> Vec<&str> {
        self.dead.iter().map(String::as_str).collect()
    }

    /// All of them, as they were given.
    pub fn get_addrs(&self) -> &[String] {
        &self.addrs
    }
}

/// Asks each address, on this thread and `num_thread - 1` others.
///
/// `outcomes` and `queue` are held to put one in or take one out, never while somebody
/// is asked.
fn ask_all<'a>(
    addrs: &[&'a String],
    timeout: Duration,
    num_thread: usize,
) -> Vec<(&'a str, Result<(), String>)> {
    let outcomes = Mutex::new(vec![Ok(()); addrs.len()]);
    let queue = Mutex::new(0..addrs.len());
    let next = || relock(&queue).next();
    let ask_those_left = || {
        while let Some(at) = next() {
            let outcome = connect(addrs[at], timeout);
            relock(&outcomes)[at] = outcome;
        }
    };
    thread::scope(|scope| {
        // This thread is one of them.
        for _ in 1..num_thread.min(addrs.len()) {
            let started = thread::Builder::new().spawn_scoped(scope, ask_those_left);
            if started.is_err() {
                break;
            }
        }
        ask_those_left();
    });
    let outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    addrs
        .iter()
        .map(|addr| addr.as_str())
        .zip(outcomes)
        .collect()
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

/// Connects to any of what the host resolves to; the error says why it can't.
fn connect(addr: &str, timeout: Duration) -> Result<(), String> {
    let target = parse_addr(addr).map_err(|error| error.message().to_owned())?;
    let resolved = target
        .to_socket_addrs()
        .map_err(|error| error.to_string())?;
    let mut why = "the host has no address".to_owned();
    for socket in resolved {
        match TcpStream::connect_timeout(&socket, timeout) {
            Ok(_) => return Ok(()),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
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

    /// An address where somebody listens, and one where nobody does.
    fn listening_and_refusing() -> (TcpListener, String, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let alive = listener.local_addr().unwrap().to_string();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let dead = closed.local_addr().unwrap().to_string();
        (listener, alive, dead)
    }

    fn check(addrs: &[&str], num_thread: usize) -> (NodeAliveChecker, Vec<String>) {
        let addrs = addrs.iter().map(ToString::to_string).collect();
        let mut lines = Vec::new();
        let report = |line: &str| lines.push(line.to_owned());
        let timeout = Duration::from_secs(1);
        let checker = NodeAliveChecker::reporting_to(addrs, timeout, num_thread, report);
        (checker, lines)
    }

    #[test]
    fn only_who_listens_is_alive_and_each_counts_once() {
        let (_listener, alive, dead) = listening_and_refusing();
        let given = [&*dead, &*alive, &*dead, &*alive];
        for threads in [1, 10, usize::MAX] {
            let (checker, lines) = check(&given, threads);
            assert!(!checker.all_nodes_alive());
            assert_eq!(checker.get_alive_nodes(), [&alive]);
            assert_eq!(checker.get_dead_nodes(), [&dead]);
            assert_eq!(checker.get_addrs(), given);
            assert_eq!(lines.len(), 1);
            assert!(lines[0].contains(&dead), "{lines:?}");
        }
        let (checker, lines) = check(&[&alive], 10);
        assert!(checker.all_nodes_alive() && lines.is_empty());
    }

    #[test]
    fn what_is_no_address_is_dead() {
        let junk = ["host", "::1:80", "host:http", "", "127.0.0.1:65536"];
        let (checker, lines) = check(&junk, 2);
        assert_eq!(checker.get_dead_nodes(), junk);
        assert!(checker.get_alive_nodes().is_empty());
        assert_eq!(lines.len(), junk.len());
        assert!(lines[0].starts_with("cannot connect to host: "));
    }

    #[test]
    fn without_threads_nobody_is_asked() {
        let (checker, lines) = check(&["host"], 0);
        assert!(checker.all_nodes_alive());
        assert!(checker.get_dead_nodes().is_empty() && checker.get_alive_nodes().is_empty());
        assert_eq!(checker.get_addrs(), ["host"]);
        assert!(lines.is_empty());
    }

    #[test]
    fn this_host_is_called_what_its_kernel_says() {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(host_name().unwrap(), name.trim_end());
    }
}
