"""Makes this process's host a lesser one, for itself and for what it starts.

Not a test module. All of it needs Linux, and most of it the right to make namespaces; where
that can't be had, or there still is what should be lacking, it raises OSError.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

NEW_MOUNTS, NEW_NAMES, NEW_USERS, NEW_NETWORK = 0x00020000, 0x04000000, 0x10000000, 0x40000000
RECURSIVE, PRIVATE = 0x4000, 0x40000
SET_FLAGS, SET_ADDRESS, UP = 0x8914, 0x8916, 0x1
NO_NEW_PRIVILEGES, SECCOMP, SECCOMP_FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL_WITH = 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
"""Offsets in what a seccomp filter is shown of a system call."""
AUDIT_AND_SOCKET: Final = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
IPV6: Final = Path("/proc/sys/net/ipv6")


def without_ipv6_addresses() -> None:
    """No interface has an IPv6 address."""
    have_own_network()
    for interface in ("all", "default", "lo"):
        (IPV6 / "conf" / interface / "disable_ipv6").write_text("1")


def without_ipv6_sockets() -> None:
    """The kernel makes no socket of IPv6, as if it had been started with ipv6.disable=1."""
    audit, socket_number = AUDIT_AND_SOCKET[platform.machine()]
    program = [
        (LOAD, 0, 0, ARCHITECTURE), (JUMP_IF_EQUAL, 0, 5, audit),
        (LOAD, 0, 0, NUMBER), (JUMP_IF_EQUAL, 0, 3, socket_number),
        (LOAD, 0, 0, FIRST_ARGUMENT), (JUMP_IF_EQUAL, 0, 1, socket.AF_INET6),
        (RETURN, 0, 0, FAIL_WITH | errno.EAFNOSUPPORT),
        (RETURN, 0, 0, ALLOW),
    ]  # fmt: skip
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    kept = ctypes.create_string_buffer(code)
    call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    filter_ = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(kept))
    call("prctl", SECCOMP, SECCOMP_FILTER, filter_, 0, 0)


def with_ipv6_only_sockets() -> None:
    """A socket of IPv6 takes no IPv4 unless it is told to."""
    have_own_network()
    (IPV6 / "bindv6only").write_text("1")


def without_ipv4() -> None:
    """The loopback interface has an IPv6 address alone."""
    have_own_network()
    no_address = struct.pack("16sHxx4s8x", b"lo", socket.AF_INET, bytes(4))
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_ADDRESS, no_address)


def without_a_loopback() -> None:
    """The loopback interface is down."""
    enter(NEW_NETWORK)


def without_a_name() -> None:
    """The host's own name doesn't resolve."""
    enter(NEW_NAMES)
    socket.sethostname("no-such-host.invalid")


def without_proc() -> None:
    """There is no /proc."""
    enter(NEW_MOUNTS)
    call("mount", None, b"/", None, RECURSIVE | PRIVATE, None)
    call("mount", b"none", b"/proc", b"tmpfs", 0, None)


HOSTS: Final[dict[str, Callable[[], None]]] = {
    each.__name__: each
    for each in (
        without_ipv6_addresses,
        without_ipv6_sockets,
        with_ipv6_only_sockets,
        without_ipv4,
        without_a_loopback,
        without_a_name,
        without_proc,
    )
}


def have_own_network() -> None:
    """A network of this process's own, with a loopback interface alone."""
    enter(NEW_NETWORK)
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))


def enter(namespace: int) -> None:
    """A namespace of this process's own; as a user that is root there if it isn't root here."""
    user, group = os.geteuid(), os.getegid()
    call("unshare", namespace if user == 0 else namespace | NEW_USERS)
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def call(function: str, *arguments: int | bytes | None) -> None:
    """A function of the C library that gives 0.

    Raises:
      OSError: it gave something else.
    """
    if getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
