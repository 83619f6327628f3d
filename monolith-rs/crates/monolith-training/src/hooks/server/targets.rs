//! Addresses as clients are given them, and the URIs that are made of them.

use std::net::Ipv6Addr;

use tonic::Code;

/// The port where an address names none, as in gRPC.
pub(super) const DEFAULT_PORT: u16 = 443;

/// How calls to an address fail.
pub(super) type Refusal = (Code, String);

/// The host in a URI that has a port or nothing after it.
pub(super) fn host_of(uri: &str) -> &str {
    let authority = uri.strip_prefix("http://").unwrap_or(uri);
    let authority = authority.trim_end_matches('/');
    match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, _)) => host,
        None => authority
            .split_once(':')
            .map_or(authority, |(host, _)| host),
    }
}

/// The URI of an address, or how calls to it fail.
pub(super) fn uri(addr: &str) -> Result<String, Refusal> {
    if addr.is_empty() {
        return Err((Code::Unknown, "the address is empty".to_owned()));
    }
    let refused = || (Code::Unavailable, format!("{addr:?} is not an address"));
    let (host, port) = split(addr).ok_or_else(refused)?;
    // The end of a line may have white space before it.
    let port = match port.map(str::trim_ascii_end) {
        None | Some("") => DEFAULT_PORT,
        Some(port) => port.parse().map_err(|_| refused())?,
    };
    if is_ipv6(host) {
        return Ok(format!("http://[{host}]:{port}"));
    }
    let in_names = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.is_empty() || !host.chars().all(in_names) {
        return Err(refused());
    }
    Ok(format!("http://{host}:{port}"))
}

/// Whether this is an IPv6 address as a URI may have it, which is without a zone.
fn is_ipv6(host: &str) -> bool {
    host.parse::<Ipv6Addr>().is_ok()
}

/// Host and port as gRPC splits them: with more than one colon and no brackets
/// all of it is the host.
fn split(addr: &str) -> Option<(&str, Option<&str>)> {
    if let Some(bracketed) = addr.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']')?;
        return match rest {
            _ if !is_ipv6(host) => None,
            "" => Some((host, None)),
            port => Some((host, Some(port.strip_prefix(':')?))),
        };
    }
    Some(match addr.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (addr, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_uri_has_no_brackets() {
        for (uri, host) in [
            ("http://10.0.0.1:80", "10.0.0.1"),
            ("http://chief:80/", "chief"),
            ("http://[fe80::1]:80", "fe80::1"),
            ("http://chief", "chief"),
        ] {
            assert_eq!(host_of(uri), host);
        }
    }

    #[test]
    fn an_address_without_a_port_gets_the_default() {
        for (addr, wanted) in [
            ("10.0.0.1", "http://10.0.0.1:443"),
            ("10.0.0.1:", "http://10.0.0.1:443"),
            ("10.0.0.1:80", "http://10.0.0.1:80"),
            ("10.0.0.1:80 ", "http://10.0.0.1:80"),
            ("chief-0.example_run:80", "http://chief-0.example_run:80"),
            ("[fe80::1]", "http://[fe80::1]:443"),
            ("[fe80::1]:80", "http://[fe80::1]:80"),
            ("fe80::1", "http://[fe80::1]:443"),
        ] {
            assert_eq!(uri(addr).unwrap(), wanted);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_code_that_python_gives() {
        assert_eq!(uri("").unwrap_err().0, Code::Unknown);
        for addr in [
            " 10.0.0.1:80",
            "10.0.0.1:80\n10.0.0.1:80",
            "http://10.0.0.1:80",
            "operator@10.0.0.1:80",
            "10.0.0.1:80/x",
            "10.0.0.1:eighty",
            "10.0.0.1:65536",
            "[10.0.0.1]:80",
            "[fe80::1",
            "[fe80::1]80",
            ":80",
            "not an address",
        ] {
            assert_eq!(uri(addr).unwrap_err().0, Code::Unavailable, "{addr:?}");
        }
    }
}
