//! Addresses of this machine, and whether others answer: hosts of several addresses, odd ones.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::{Barrier, Mutex};
use std::time::Duration;

use monolith_training::errors::ErrorKind;
use monolith_training::net_utils::{
    NodeAliveChecker, concat_ip_and_port, is_ipv6_address, local_ip, parse_addr,
};

use crate::stage::PATIENCE;

/// Reserved, so nothing listens on it.
const CLOSED: &str = "127.0.0.1:1";

/// A socket that counts who connects to it.
struct Listener(TcpListener);

impl Listener {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn socket(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    fn accepted(&self) -> usize {
        std::iter::from_fn(|| self.0.accept().ok()).count()
    }
}

type Seen = (Vec<String>, Vec<String>, bool);

fn seen(checker: &NodeAliveChecker) -> Seen {
    let owned = |addrs: Vec<&str>| addrs.into_iter().map(str::to_owned).collect();
    let (alive, dead) = (checker.get_alive_nodes(), checker.get_dead_nodes());
    (owned(alive), owned(dead), checker.all_nodes_alive())
}

fn owned(addrs: &[&str]) -> Vec<String> {
    addrs.iter().map(ToString::to_string).collect()
}

/// Asks with this resolver; the checker, and what it reports.
fn ask(
    addrs: &[&str],
    num_thread: usize,
    resolve: impl Fn((&str, u16)) -> io::Result<Vec<SocketAddr>> + Sync,
) -> (NodeAliveChecker, Vec<String>) {
    let mut lines = Vec::new();
    let report = |line: &str| lines.push(line.to_owned());
    let checker =
        NodeAliveChecker::resolving_by(owned(addrs), PATIENCE, num_thread, resolve, report);
    (checker, lines)
}

fn by_the_system(target: (&str, u16)) -> io::Result<Vec<SocketAddr>> {
    target.to_socket_addrs().map(Iterator::collect)
}

#[test]
fn a_host_is_alive_if_any_of_its_addresses_accepts() {
    let listener = Listener::new();
    for place in 0..3 {
        let mut sockets = [CLOSED.parse().unwrap(); 3];
        sockets[place] = listener.socket();
        let (checker, lines) = ask(&["many.name:80"], 10, |_| Ok(sockets.to_vec()));
        assert_eq!(seen(&checker), (owned(&["many.name:80"]), vec![], true));
        assert_eq!((listener.accepted(), lines.len()), (1, 0));
    }
}

#[test]
fn a_host_is_dead_if_none_of_its_addresses_accepts_or_its_name_is_nobodys() {
    let addrs = ["many.name:1", "void.name:1", "gone.name:1"];
    let (checker, lines) = ask(&addrs, 10, |(host, _)| match host {
        "many.name" => Ok(vec![CLOSED.parse().unwrap(); 2]),
        "void.name" => Ok(vec![]),
        _ => Err(io::Error::other("no such name")),
    });
    assert_eq!(seen(&checker), (vec![], owned(&addrs), false));
    assert_eq!(lines.len(), addrs.len());
    assert!(
        lines
            .iter()
            .zip(addrs)
            .all(|(line, addr)| line.contains(addr))
    );
}

#[test]
fn lists_and_the_whole_agree_whatever_was_given() {
    let listeners = [Listener::new(), Listener::new(), Listener::new()];
    let good: Vec<String> = listeners.iter().map(|it| it.socket().to_string()).collect();
    let good: Vec<&str> = good.iter().map(String::as_str).collect();
    let bad = [CLOSED, "nonsense", "::1:80", "127.0.0.1:65536", ""];
    for addrs in [
        vec![],
        good.clone(),
        bad.to_vec(),
        vec![good[0]; 3],
        vec![bad[0]; 3],
        vec![good[0], good[0], good[1]],
        vec![bad[1], good[2], bad[0], good[0], bad[1], good[2]],
        [&bad[..], &good, &bad, &good].concat(),
    ] {
        for threads in [1, 2, 10] {
            let (checker, lines) = ask(&addrs, threads, by_the_system);
            let mut once = addrs.clone();
            let mut met = Vec::new();
            once.retain(|addr| {
                !met.contains(addr) && {
                    met.push(*addr);
                    true
                }
            });
            let (alive, dead): (Vec<&str>, Vec<&str>) =
                once.into_iter().partition(|addr| good.contains(addr));
            let expected = (owned(&alive), owned(&dead), dead.is_empty());
            assert_eq!(seen(&checker), expected);
            assert_eq!(checker.get_addrs(), addrs);
            assert_eq!(lines.len(), dead.len());
            let accepted = listeners.each_ref().map(Listener::accepted);
            let tried: Vec<usize> = good.iter().map(|it| addrs.contains(it).into()).collect();
            assert_eq!(accepted[..], tried);
            assert_eq!(seen(&checker), expected);
        }
    }
}

#[test]
fn without_threads_nobody_is_tried_and_all_are_alive() {
    let listener = Listener::new();
    let addr = listener.socket().to_string();
    for repeated in 1..3 {
        let addrs = [&*addr, CLOSED].repeat(repeated);
        let (checker, lines) = ask(&addrs, 0, |_| unreachable!("nobody is tried"));
        assert_eq!(seen(&checker), (vec![], vec![], true));
        assert_eq!((checker.get_addrs(), lines.len()), (&owned(&addrs)[..], 0));
        assert_eq!(listener.accepted(), 0);
    }
}

#[test]
fn a_result_is_of_the_construction() {
    let listener = Listener::new();
    let addr = listener.socket().to_string();
    let new = || NodeAliveChecker::new(owned(&[&addr]), Duration::from_secs(1), 10);
    let checker = new();
    drop(listener);
    assert_eq!(seen(&checker), (owned(&[&addr]), vec![], true));
    assert_eq!(seen(&new()), (vec![], owned(&[&addr]), false));
}

#[test]
fn as_many_are_tried_at_a_time_as_there_are_threads_and_the_order_is_that_given() {
    let (everybody, listener) = (Barrier::new(3), Listener::new());
    let addrs = ["host:5", "host:4", "host:3", "host:2", "host:1", "host:6"];
    let (checker, _) = ask(&addrs, 3, |(_, port)| {
        everybody.wait();
        Ok(if port % 2 == 0 {
            vec![listener.socket()]
        } else {
            vec![]
        })
    });
    let (alive, dead) = (
        owned(&["host:4", "host:2", "host:6"]),
        owned(&["host:5", "host:3", "host:1"]),
    );
    assert_eq!(seen(&checker), (alive, dead, false));
}

#[test]
fn an_address_is_a_host_and_a_port() {
    for (addr, parsed) in [
        ("host:80", ("host", 80)),
        ("a.b-c:0", ("a.b-c", 0)),
        ("10.0.0.1:65535", ("10.0.0.1", 65535)),
        ("[::1]:00080", ("::1", 80)),
        ("[fe80::1%eth0]:1", ("fe80::1%eth0", 1)),
    ] {
        assert_eq!(parse_addr(addr), Ok(parsed));
        let resolved = Mutex::new(Vec::new());
        let (_, _) = ask(&[addr], 1, |(host, port)| {
            resolved.lock().unwrap().push((host.to_owned(), port));
            Ok(vec![])
        });
        assert_eq!(
            resolved.into_inner().unwrap(),
            [(parsed.0.to_owned(), parsed.1)]
        );
    }
}

#[test]
fn what_is_no_address_is_a_value_error_and_a_dead_node() {
    for addr in [
        "",
        ":",
        "host",
        "host:",
        ":80",
        "[]:80",
        "::1:80",
        "[::1]",
        "[::1]80",
        "host:65536",
        "host:-1",
        "host:+80",
        "host:http",
        "host:²",
        " host:80",
        "host:80\n",
        "ho st:80",
    ] {
        assert_eq!(
            parse_addr(addr).unwrap_err().kind(),
            ErrorKind::ValueError,
            "{addr}"
        );
        let (checker, _) = ask(&[addr], 1, |_| unreachable!("it can't be tried"));
        assert_eq!(seen(&checker), (vec![], owned(&[addr]), false));
    }
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn the_local_address_is_the_first_of_the_hosts_name() {
    for (given, addr) in [
        (&["10.0.0.1", "10.0.0.2"][..], "10.0.0.1:80"),
        (&["10.0.0.2", "10.0.0.1", "fd00::1"], "10.0.0.2:80"),
        (&["fd00::1", "10.0.0.1"], "[fd00::1]:80"),
    ] {
        let asked = Mutex::new(Vec::new());
        let resolve = |host: &str| {
            asked.lock().unwrap().push(host.to_owned());
            Ok(ips(given))
        };
        let ip = local_ip(resolve, "this.name").unwrap().to_string();
        assert_eq!(concat_ip_and_port(&ip, 80), addr);
        assert_eq!(is_ipv6_address(&ip), addr.starts_with('['));
        assert_eq!(asked.into_inner().unwrap(), ["this.name"]);
    }
}

#[test]
fn a_name_that_does_not_resolve_is_asked_again_for_ipv6_alone() {
    for (answers, found) in [
        (&["10.0.0.1", "fd00::2", "fd00::1"][..], Some("fd00::2")),
        (&["10.0.0.1"], None),
        (&[], None),
    ] {
        let asked = Mutex::new(0);
        let resolve = |_: &str| {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            if *asked == 1 {
                return Err(io::Error::other("try again"));
            }
            Ok(ips(answers))
        };
        match (local_ip(resolve, "this.name"), found) {
            (Ok(ip), Some(found)) => assert_eq!(ip.to_string(), found),
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::GaiError),
            (outcome, _) => panic!("{answers:?}: {outcome:?}"),
        }
        assert_eq!(*asked.lock().unwrap(), 2);
    }
}

#[test]
fn an_ipv6_address_is_in_brackets_and_may_have_a_zone() {
    for ip in [
        "::",
        "::1",
        "fe80::1%eth0",
        "fe80::1%1",
        "::ffff:10.0.0.1",
        "FD00::A",
    ] {
        assert!(is_ipv6_address(ip), "{ip}");
        assert_eq!(concat_ip_and_port(ip, 80), format!("[{ip}]:80"));
    }
    for ip in [
        "10.0.0.1",
        "host",
        "",
        "[::1]",
        "::1:x",
        "1:2",
        ":::",
        "fe80::1%",
        "10.0.0.1%e",
    ] {
        assert!(!is_ipv6_address(ip), "{ip}");
        assert_eq!(concat_ip_and_port(ip, 0), format!("{ip}:0"));
    }
}
