"""A process that imports TensorFlow once, and forks itself on request.

``python -m parity.players.cluster.zygote FD WHAT...`` imports each WHAT, a ``module``, or calls it,
a ``module:function``, so that children needn't. It takes requests on the socket FD, a
SOCK_SEQPACKET pair's end, one JSON object a packet:

- ``{"run": "module:function", "args": [...]}`` with three file descriptors: a child that
  has them as stdin, stdout and stderr calls the function; answered ``{"pid": N}``;
- ``{"reap": N}``: wait for that child; answered ``{"status": S}`` as ``os.waitstatus_to_exitcode``
  gives it.

Importing TensorFlow takes 5 s and leaves one thread, so a fork is safe as long as this
process never creates a session, a server or a thread of its own; otherwise it refuses to
fork. Children die with it, and it ends when the socket's other end is closed, so no process
is left behind however the requesting process ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from typing import Any, Final

from parity.players.python.quiet import collected_afterwards

_MESSAGE_BYTES: Final = 1 << 16
_PR_SET_PDEATHSIG: Final = 1


def serve(control: socket.socket) -> None:
    """Answer requests until the other end is closed, then end all children."""
    children: set[int] = set()
    try:
        while True:
            packet, fds, _, _ = socket.recv_fds(control, _MESSAGE_BYTES, 3)
            if not packet:
                return
            answer = _answer(json.loads(packet), fds, children, control)
            control.send(json.dumps(answer).encode())
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)  # It isn't reaped yet, so the pid is its own.
        for pid in children:
            os.waitpid(pid, 0)


def _answer(
    request: dict[str, Any], fds: list[int], children: set[int], control: socket.socket
) -> dict[str, int]:
    if "reap" in request:
        _, status = os.waitpid(request["reap"], 0)
        children.discard(request["reap"])
        return {"status": os.waitstatus_to_exitcode(status)}
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(f"this process has {threads} threads; a fork needs it to have one")
    zygote = os.getpid()
    pid = os.fork()
    if pid == 0:
        control.close()
        _live(request, fds, zygote)
    for fd in fds:
        os.close(fd)
    children.add(pid)
    return {"pid": pid}


def _live(request: dict[str, Any], fds: list[int], zygote: int) -> None:
    """Run the child until its end; this never returns."""
    status = 1
    try:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != zygote:
            os._exit(1)  # The zygote ended before this child was set to die with it.
        for target, fd in enumerate(fds):
            os.dup2(fd, target)
            os.close(fd)
        _call(request["run"], *request["args"])
        status = 0
    except BaseException:  # noqa: BLE001 - the end of a process
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _call(what: str, *args: object) -> None:
    module, _, function = what.partition(":")
    imported = importlib.import_module(module)
    if function:
        getattr(imported, function)(*args)


def main() -> None:
    """Import and call the preparations, report that with an empty object, and serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    with collected_afterwards():  # So the memory of these objects stays shared with children.
        for what in sys.argv[2:]:
            _call(what)
    control.send(b"{}")
    serve(control)


if __name__ == "__main__":
    main()
