"""The job of ``examples.train`` on this machine: ``python -m examples.local --model-dir /tmp/m``.

Starts two PS, a chief and two workers, starts again what dies, and ends all of them when
the chief is through or on Ctrl-C. Their output goes to ``<model dir>/logs``.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

JOBS = {"ps": 2, "chief": 1, "worker": 2}
LOOK_SECONDS = 0.5
PR_SET_PDEATHSIG = 1


def main(argv: list[str] | None = None) -> int:
    """Run the job to its end; 0 if the chief ended well."""
    options = parse(argv)
    logs = options.model_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    # Held until the end, so that nobody else is given these ports (docs/cluster.md).
    ports = [hold_port() for _ in range(sum(JOBS.values()))]
    cluster_file = write_cluster(options.model_dir / "cluster.json", ports)
    commands = {
        f"{job}-{task}": [
            *(sys.executable, "-m", "examples.train", "--cluster", str(cluster_file)),
            *("--job", job, "--task", str(task), "--model-dir", str(options.model_dir)),
            *("--steps", str(options.steps)),
        ]
        for job, count in JOBS.items()
        for task in range(count)
    }
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            running[name] = start(name, command, logs)
        say(f"two PS, a chief and two workers train; model and logs in {options.model_dir}")
        say(f"monolith-controller --model-dir {options.model_dir} status|blocked|stop|resume|save")
        return supervise(running, commands, logs)
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    finally:
        for process in running.values():
            process.kill()
        for process in running.values():
            process.wait()
        for port in ports:
            port.close()


def supervise(
    running: dict[str, subprocess.Popen[bytes]], commands: dict[str, list[str]], logs: Path
) -> int:
    """Start again what was killed, until the chief is through (0) or something fails (1)."""
    while True:
        time.sleep(LOOK_SECONDS)
        for name, process in running.items():
            status = process.poll()
            if status is None:
                continue
            if name == "chief-0" and status == 0:
                say("the chief is through")
                return 0
            if status == 0:
                continue  # A worker that has trained enough.
            if status > 0:
                say(f"{name} failed with status {status}; see {logs / name}.log")
                return 1
            say(f"{name} was killed by {signal.Signals(-status).name}; starting it again")
            running[name] = start(name, commands[name], logs)


def start(name: str, command: list[str], logs: Path) -> subprocess.Popen[bytes]:
    """Start one process; it ends with this one, whatever ends this one."""
    with (logs / f"{name}.log").open("a", encoding="utf-8") as log:
        return popen(command, log)


def popen(command: list[str], log: TextIO) -> subprocess.Popen[bytes]:
    """A child in a process group of its own: Ctrl-C is for us to handle."""
    libc = ctypes.CDLL(None)
    return subprocess.Popen(  # noqa: S603 - this example's own module
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={**os.environ, "TF_GRPC_REUSE_PORT": "1"},
        start_new_session=True,
        # This process has one thread, so what runs between fork and exec is safe.
        preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509
    )


def hold_port() -> socket.socket:
    """A port that is bound and not listened on; TensorFlow's server listens on it as well.

    It is bound on every address, as that server will be: held on 127.0.0.1 alone, it could become
    the local port of a connection to ::1, and the server wouldn't start.
    """
    dual = socket.has_dualstack_ipv6()
    held = socket.socket(socket.AF_INET6 if dual else socket.AF_INET)
    if dual:
        held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("::" if dual else "0.0.0.0", 0))  # noqa: S104 - nobody listens
    return held


def write_cluster(path: Path, ports: list[socket.socket]) -> Path:
    """Write the addresses of the job's processes, one a port, into a file; the file."""
    addresses = iter(f"127.0.0.1:{port.getsockname()[1]}" for port in ports)
    cluster = {job: [next(addresses) for _ in range(count)] for job, count in JOBS.items()}
    path.write_text(json.dumps(cluster, indent=2) + "\n", encoding="utf-8")
    return path


def say(line: str) -> None:
    """Tell whoever looks."""
    print(line, flush=True)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.local", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=100_000, help="global step to stop at")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
