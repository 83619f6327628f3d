"""The address of this host."""

import ipaddress
import socket


def is_ipv6_address(ip):
    """Whether `ip` is the text of an IPv6 address."""
    try:
        return ipaddress.ip_address(ip).version == 6
    except ValueError:
        return False


def concat_ip_and_port(ip, port):
    """`ip:port`, or `[ip]:port` for IPv6."""
    return f"[{ip}]:{port}" if is_ipv6_address(ip) else f"{ip}:{port}"


def get_local_ip():
    """The first address that the host's name resolves to (B44)."""
    name = socket.gethostname()
    try:
        infos = socket.getaddrinfo(name, None)
    except socket.gaierror:
        infos = socket.getaddrinfo(name, None, socket.AF_INET6)
    return infos[0][4][0]


def get_local_server_addr(port):
    """The address of a server on `port` of this host."""
    return concat_ip_and_port(get_local_ip(), port)
