//! Whether servers accept connections.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::clock::relock;
use crate::errors::{Error, Result};
use crate::text::is_space;

/// Liveness of some servers: which of them accept a connection (B44).
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
        let mut output = io::stdout();
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
        report: impl FnMut(&str),
    ) -> Self {
        Self::resolving_by(addrs, timeout, num_thread, resolve, report)
    }

    /// As [`reporting_to`](Self::reporting_to), with the addresses of a host and a port
    /// from `resolve`.
    pub fn resolving_by(
        addrs: Vec<String>,
        timeout: Duration,
        num_thread: usize,
        resolve: impl Fn((&str, u16)) -> io::Result<Vec<SocketAddr>> + Sync,
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
        for (addr, outcome) in ask_all(&targets, timeout, num_thread, &resolve) {
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

/// Gives the addresses of a host and a port, or says why it has none.
type Resolve<'a> = dyn Fn((&str, u16)) -> io::Result<Vec<SocketAddr>> + Sync + 'a;

/// As the system does.
fn resolve(target: (&str, u16)) -> io::Result<Vec<SocketAddr>> {
    target.to_socket_addrs().map(Iterator::collect)
}

/// Asks each address, on this thread and `num_thread - 1` others.
///
/// `outcomes` and `queue` are held to put one in or take one out, never while somebody
/// is asked.
fn ask_all<'a>(
    addrs: &[&'a String],
    timeout: Duration,
    num_thread: usize,
    resolve: &Resolve<'_>,
) -> Vec<(&'a str, Result<(), String>)> {
    let outcomes = Mutex::new(vec![Ok(()); addrs.len()]);
    let queue = Mutex::new(0..addrs.len());
    let next = || relock(&queue).next();
    let ask_those_left = || {
        while let Some(at) = next() {
            let outcome = connect(addrs[at], timeout, resolve);
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
fn connect(addr: &str, timeout: Duration, resolve: &Resolve<'_>) -> Result<(), String> {
    let target = parse_addr(addr).map_err(|error| error.message().to_owned())?;
    let resolved = resolve(target).map_err(|error| error.to_string())?;
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
    use crate::errors::ErrorKind;

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
}
