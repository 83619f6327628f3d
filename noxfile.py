"""What CI checks, and what developers run: ``python3 dev.py SESSION`` or ``nox -s SESSION``.

All sessions but ``protos`` share one environment, so that TensorFlow is installed
once; it is made with uv where uv is found, and made anew when pyproject.toml changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = [
    "lint",
    "types",
    "layers",
    "protos",
    "generated",
    "docs",
    "rust",
    "tests",
    "slow",
    "parity",
    "interop",
    "cluster",
]
nox.options.default_venv_backend = "none"

ROOT = Path(__file__).resolve().parent
SHARED = ROOT / ".nox" / "shared"
PACKAGES = ["monolith_hooks", "fakes", "parity"]
LOCKED = ROOT / "requirements" / "dev.txt"
"""What the extra ``dev`` came to when it was last locked: versions and hashes, of no index."""
REPORTS = ROOT / "reports"
"""What monolith-parity checklist reads."""
PROTO_TOOLS = ["grpcio-tools==1.74.0", "protobuf==6.31.1"]
"""No newer than the oldest runtimes that pyproject.toml allows: older code runs on newer ones."""
AUDIT_TOOLS = ["pip-audit>=2.9,<3"]
CARGO_DENY = "cargo-deny@0.20.2"
RUST_ADVISORIES = "https://github.com/RustSec/advisory-db"
PYPI = "https://pypi.org/pypi/protobuf/6.31.1/json"
"""Has what is known of a version, its vulnerabilities too: pip-audit reads the same of each. An
index that isn't PyPI's may have the package's page and not this one."""
CHROMIUM = ["chromium", "fonts-dejavu-core"]
"""The distribution's browser and a font for it: Playwright's own browsers aren't downloaded."""
EXPLORED = [
    "health/barrier_already_placed",
    "barrier/stop_and_resume",
    "barrier/concurrent_stop_and_resume",
    "barrier/three_held_workers_look_four_times",
]
"""Scenarios small enough for all of their orders, on both sides."""


def make_environment(session: nox.Session, folder: Path, packages: list[str], key: str) -> Path:
    """Install packages into a folder of their own, unless they are there; its bin folder."""
    stamp = folder / "made-for"
    wanted = hashlib.sha256("\n".join([sys.version, key, *packages]).encode()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted):
        python = str(folder / "bin" / "python")
        uv = shutil.which("uv")
        if uv:
            session.run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        else:
            session.run(sys.executable, "-m", "venv", "--clear", str(folder))
        install(session, python, packages)
        stamp.write_text(wanted)
    return folder / "bin"


def install(session: nox.Session, python: str, packages: list[str]) -> None:
    """Install packages where this Python lives; quick if they are there."""
    uv = shutil.which("uv")
    # Compiled once here, not by each process where PYTHONDONTWRITEBYTECODE is set, as it is in
    # many containers: it makes importing TensorFlow take three times as long.
    compiled = [uv, "pip", "install", "--compile-bytecode", "--python", python] if uv else []
    pip = compiled or [python, "-m", "pip", "install"]
    session.run(*pip, "--quiet", *packages)


def shared_environment(session: nox.Session) -> Path:
    """The environment of all sessions but ``protos``; its bin folder."""
    key = (ROOT / "pyproject.toml").read_text() + LOCKED.read_text()
    with LOCKED.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Who comes second waits, and finds it made.
        programs = make_environment(session, SHARED, ["--require-hashes", "-r", str(LOCKED)], key)
        if not (programs / "monolith-parity").exists():
            install(session, str(programs / "python"), ["--no-deps", "-e", str(ROOT)])
    return programs


def group(name: str) -> list[str]:
    """The packages of a dependency group of pyproject.toml."""
    pyproject = nox.project.load_toml(ROOT / "pyproject.toml")
    return list(nox.project.dependency_groups(pyproject, name))


def run(session: nox.Session, tool: str, *args: str) -> None:
    """Run a tool of the shared environment, in the project's folder."""
    programs = shared_environment(session)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    with session.chdir(ROOT):
        # As for what is installed: where nothing may write it, each process would compile it anew.
        session.run(str(programs / "python"), "-m", "compileall", "-q", *PACKAGES, silent=True)
        session.run(str(programs / tool), *args, env={"PATH": path})


def tee(session: nox.Session, path: Path, *command: str) -> None:
    """Run a command, show what it says, and keep it."""
    path.parent.mkdir(exist_ok=True)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with path.open("w") as kept, subprocess.Popen(command, **streams, text=True) as process:
        for line in process.stdout:
            sys.stdout.write(line)
            kept.write(line)
    if process.returncode:
        session.error(f"{' '.join(command)} exited with {process.returncode}")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests but slow ones and those of a real cluster; what follows -- goes to pytest."""
    some_tests(session, "not slow and not nightly", "tests.xml")


@nox.session
def slow(session: nox.Session) -> None:
    """The tests that start whole programs, build something, or play the whole catalogue."""
    some_tests(session, "slow and not nightly", "slow-tests.xml")


@nox.session(default=False)
def nightly(session: nox.Session) -> None:
    """The tests that take longest; a smaller one, of another session, shows much the same."""
    options = ["-n", "2", "--dist", "worksteal", "-m", "nightly"]
    run(
        session, "pytest", *options, f"--junitxml={REPORTS / 'nightly-tests.xml'}", *session.posargs
    )


def some_tests(session: nox.Session, marked: str, junit: str) -> None:
    """Run the tests that are marked so, on two processes."""
    # Some take many times longer than others: who is idle takes some over.
    options = ["-n", "2", "--dist", "worksteal", "--ignore", "tests/cluster", "-m", marked]
    run(session, "pytest", *options, f"--junitxml={REPORTS / junit}", *session.posargs)


@nox.session
def parity(session: nox.Session) -> None:
    """Every scenario on Python and on Rust; what follows -- goes to monolith-parity run."""
    run(session, "monolith-parity", "run", *session.posargs)


@nox.session
def interop(session: nox.Session) -> None:
    """Python and Rust as client and server of each; what follows -- goes to the command."""
    run(session, "monolith-parity", "interop", *session.posargs)


@nox.session
def cluster(session: nox.Session) -> None:
    """Real processes, memory and kills; what both can play is compared with Python."""
    report = str(REPORTS / "cluster")
    # Not operator/: ControllerHook waits for half a minute, and this player really waits.
    topics = ("address", "barrier", "controller", "health", "hooks", "session")
    junit = f"--junitxml={REPORTS / 'cluster-tests.xml'}"
    quick = ["-n", "2", "-m", "not nightly"]
    run(session, "pytest", "tests/cluster", *quick, junit, *session.posargs)
    run(
        session, "monolith-parity", "run", "--reference", "cluster", "--peer", "python",
        "-n", "2", "--report", report, *(f"scenarios/{topic}" for topic in topics),
    )  # fmt: skip


@nox.session(default=False)
def determinism(session: nox.Session) -> None:
    """Every scenario 20 times on each side, alone and on two processes at once."""
    digests = Path(session.create_tmp()) / "digests"
    shutil.rmtree(digests, ignore_errors=True)
    for how in ([], ["-n", "2"]):
        options = [
            "--plays",
            "20",
            "--with-seed",
            "--digests",
            str(digests),
            *how,
            *session.posargs,
        ]
        run(session, "pytest", "tests/parity/test_determinism.py", *options)


@nox.session(default=False)
def killmatrix(session: nox.Session) -> None:
    """Bugs planted in copies of both sides, and what catches each; goes on where it was stopped."""
    run(session, "monolith-parity", "killmatrix", *session.posargs)


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Every mutant of a side, judged by parity alone; -- rust --shard 1/4, -- python, ..."""
    options = session.posargs or ["rust"]
    if "python" in options:
        install(session, str(shared_environment(session) / "python"), group("mutation"))
    run(session, "monolith-parity", "mutants", *options)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """What things cost, as ratios within one run; what follows -- goes to benchmarks."""
    run(session, "python", "-m", "benchmarks", *session.posargs)


@nox.session(default=False)
def browser(session: nox.Session) -> None:
    """Open reports in headless Chromium; what follows -- goes to pytest."""
    have_browser(session)
    run(session, "pytest", "tests/browser", *session.posargs)


@nox.session(default=False)
def monitoring(session: nox.Session) -> None:
    """A real Prometheus scrapes a real training job; what follows -- goes to pytest."""
    if shutil.which("prometheus") is None:
        if shutil.which("apt-get") is None or os.geteuid() != 0:
            session.skip("there is no prometheus on PATH; apt-get install prometheus has it")
        session.run("apt-get", "update", "--quiet")
        # The package would start a service of its own.
        session.run(
            "apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "prometheus",
            env={"RUNLEVEL": "1"},
        )  # fmt: skip
    run(session, "pytest", "tests/monitoring", *session.posargs)


@nox.session(default=False)
def screenshots(session: nox.Session) -> None:
    """Pictures of the main views of a report, in reports/screenshots."""
    have_browser(session)
    run(session, "python", "tests/browser/screenshots.py", "reports/screenshots")


def have_browser(session: nox.Session) -> None:
    """Chromium from the distribution, and Playwright to drive it; skips where it can't be had."""
    if shutil.which("chromium") is None:
        if shutil.which("apt-get") is None or os.geteuid() != 0:
            session.skip("there is no chromium on PATH; apt-get install chromium has it")
        session.run("apt-get", "update", "--quiet")
        session.run("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *CHROMIUM)
    install(session, str(shared_environment(session) / "python"), group("browser"))


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """10,000 made-up scenarios on both sides; what follows -- goes to monolith-parity fuzz."""
    options = session.posargs or ["--seed", "1", "--count", "10000", "-n", "2"]
    run(session, "monolith-parity", "fuzz", *options)


@nox.session(default=False)
def campaign(session: nox.Session) -> None:
    """Planted bugs, then 300 attacks on a real cluster; what follows -- goes to the command."""
    if not session.posargs:
        run(session, "pytest", "tests/cluster/test_campaign.py")
    run(session, "monolith-parity", "campaign", *(session.posargs or ["--runs", "300"]))


@nox.session(default=False)
def explore(session: nox.Session) -> None:
    """All orders of the scenarios in which much is simultaneous, on both sides."""
    for scenario in session.posargs or EXPLORED:
        run(session, "monolith-parity", "explore", f"scenarios/{scenario}.yaml")


@nox.session
def lint(session: nox.Session) -> None:
    """Style and common mistakes."""
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Strict types of our packages."""
    run(session, "mypy")


@nox.session
def layers(session: nox.Session) -> None:
    """Who may import whom."""
    run(session, "lint-imports")


@nox.session
def generated(session: nox.Session) -> None:
    """Regenerate what is made from the models; fails if the committed files are others."""
    run(session, "python", "-m", "parity.app.generated")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation as a site, in site/; links that lead nowhere and lost code fail."""
    pyproject = nox.project.load_toml(ROOT / "pyproject.toml")
    packages = list(nox.project.dependency_groups(pyproject, "docs"))
    programs = make_environment(session, ROOT / ".nox" / "docs", packages, "")
    with session.chdir(ROOT):
        quiet = {"NO_MKDOCS_2_WARNING": "true"}
        # Not --quiet: what isn't logged isn't counted as a reason to fail.
        session.run(str(programs / "mkdocs"), "build", "--strict", env=quiet)
    run(session, "python", "tests/docs/built_site.py", "site")


@nox.session(default=False)
def wheel(session: nox.Session) -> None:
    """The built package without the checkout: parity alone, and with the reference."""
    uv = shutil.which("uv") or session.error("this needs uv; dev.py has it")
    folder = Path(session.create_tmp()).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    empty = folder / "empty"
    empty.mkdir(parents=True)
    session.run(uv, "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT))
    (package,) = folder.glob("*.whl")
    base = make_environment(session, folder / "base", [str(package)], "")
    if find_spec(base, "tensorflow"):
        session.error("the base install has TensorFlow")
    driver = f"{base / 'python'} {ROOT / 'examples' / 'driver' / 'port_driver.py'}"
    small_port = f"{base / 'python'} {ROOT / 'examples' / 'python-port' / 'main.py'}"
    channels = "barrier,files,order,rpc,saves,session,steps,threads"
    self_contained = ["python", str(ROOT / "tests" / "wheel" / "self_contained.py")]
    for words in (
        ["monolith-parity", "run", "--peer", driver, "--channels", channels, "--report", "alone"],
        ["monolith-parity", "run", "health", "barrier", "--peer", small_port, "--report", "small"],
        [*self_contained, "alone"],
        ["monolith-parity", "replay", "health/oom", "--on", "recorded"],
        ["monolith-parity", "compare", "alone", "alone"],
        ["monolith-parity", "new", "mine"],
        ["monolith-parity", "validate", "scenarios"],
        ["monolith-parity", "explain", "B12"],
    ):
        run_in(session, empty, base, *words)
    reference = make_environment(session, folder / "reference", [f"{package}[reference]"], "")
    for words in (
        ["monolith-parity", "run", "--report", "reports"],
        [*self_contained, "reports"],
        ["monolith-controller", "--help"],
    ):
        run_in(session, empty, reference, *words)


def find_spec(programs: Path, module: str) -> bool:
    """Whether an environment has a module."""
    code = f"import importlib.util, sys; sys.exit(not importlib.util.find_spec({module!r}))"
    return subprocess.run([programs / "python", "-c", code], check=False).returncode == 0


def run_in(session: nox.Session, folder: Path, programs: Path, tool: str, *words: str) -> None:
    """Run a tool of an environment in a folder, where nothing of this checkout is imported."""
    with session.chdir(folder):
        session.run(str(programs / tool), *words, env={"PYTHONPATH": ""})


@nox.session
def rust(session: nox.Session) -> None:
    """The port's own format, lints and tests."""
    if shutil.which("cargo") is None:
        session.skip("there is no Rust toolchain (no cargo on PATH)")
    with session.chdir(ROOT / "monolith-rs"):
        session.run("cargo", "fmt", "--check")
        every = ["--locked", "--all-features"]
        session.run("cargo", "clippy", *every, "--all-targets", "--", "-D", "warnings")
        tee(session, REPORTS / "rust-tests.txt", "cargo", "test", *every, "--no-fail-fast")
    with session.chdir(ROOT / "examples" / "rust-port"):
        lints = ["--locked", "--target-dir", str(ROOT / "monolith-rs" / "target")]
        session.run("cargo", "fmt", "--check")
        session.run("cargo", "clippy", *lints, "--", "-D", "warnings")


@nox.session
def protos(session: nox.Session) -> None:
    """Regenerate the protobuf code; fails if the committed code is another."""
    folder = ROOT / ".nox" / "protos"
    programs = make_environment(session, folder, PROTO_TOOLS, "")
    out = Path(session.create_tmp()).resolve()
    with session.chdir(ROOT):
        sources = sorted(str(path) for path in Path("monolith_hooks").rglob("*.proto"))
        protoc = [str(programs / "python"), "-m", "grpc_tools.protoc", "-I.", f"--python_out={out}"]
        services = ["monolith_hooks/server/operations.proto", "monolith_hooks/server/service.proto"]
        session.run(*protoc, f"--pyi_out={out}", *sources)
        session.run(*protoc, f"--grpc_python_out={out}", *services)
        generated = sorted(path.relative_to(out) for path in out.rglob("*_pb2*"))
        changed = [path for path in generated if _text(path) != _text(out / path)]
        for path in changed:
            shutil.copy(out / path, path)
    if changed:
        session.error(f"regenerated, commit these: {', '.join(map(str, changed))}")


@nox.session(default=False)
def oldest(session: nox.Session) -> None:
    """The catalogue and the tests with the oldest versions that pyproject.toml allows."""
    if shutil.which("uv") is None:
        session.error("resolving to the oldest takes uv, which python3 dev.py installs into .venv")
    lowest = ["--resolution", "lowest-direct", "--editable", f"{ROOT}[dev]"]
    key = (ROOT / "pyproject.toml").read_text()
    programs = make_environment(session, ROOT / ".nox" / "oldest", lowest, key)
    with session.chdir(ROOT):
        path = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        report = str(REPORTS / "oldest")
        session.run(str(programs / "monolith-parity"), "run", "--report", report, env=path)
        # What old versions warn of, each other among them, isn't ours to mend.
        tests = ["-n", "2", "--ignore", "tests/cluster", "-W", "ignore"]
        tests += ["-m", "not slow and not nightly"]
        session.run(str(programs / "pytest"), *tests, *session.posargs, env=path)


@nox.session(default=False)
def audit(session: nox.Session) -> None:
    """Licenses and sources of the crates, and known vulnerabilities of all that is locked."""
    unseen = []
    tools = ROOT / ".nox" / "audit"
    programs = make_environment(session, tools, AUDIT_TOOLS, "")
    if shutil.which("cargo") is None:
        unseen.append("crates (no cargo on PATH)")
    else:
        deny = ["--root", str(tools), "--locked", "--quiet", CARGO_DENY]
        session.run("cargo", "install", *deny)
        advisories = reachable(["git", "ls-remote", "--quiet", RUST_ADVISORIES, "HEAD"])
        checks = ["bans", "licenses", "sources", *(["advisories"] if advisories else [])]
        with session.chdir(ROOT / "monolith-rs"):
            session.run(str(programs / "cargo-deny"), "--locked", "check", *checks)
        if not advisories:
            unseen.append(f"vulnerabilities of crates (no {RUST_ADVISORIES})")
    asked = [str(programs / "python"), "-c", f"import urllib.request as u; u.urlopen({PYPI!r})"]
    if reachable(asked):
        locked = ["--strict", "--disable-pip", "--require-hashes", "--requirement", str(LOCKED)]
        session.run(str(programs / "pip-audit"), *locked)
    else:
        unseen.append(f"vulnerabilities of Python packages (no {PYPI})")
    if unseen:
        session.skip("not audited: " + "; ".join(unseen))


def reachable(command: list[str]) -> bool:
    """Whether a command that asks for something over the network is answered in a minute."""
    try:
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Lock the newest versions that pyproject.toml allows; commit what has changed."""
    uv = shutil.which("uv")
    if uv is None:
        session.error("locking takes uv, which python3 dev.py installs into .venv")
    session.run(
        uv, "pip", "compile", "--quiet", "--upgrade", "--universal", "--generate-hashes",
        "--no-emit-index-url", "--no-header", "--no-annotate", "--extra", "dev",
        "--output-file", str(LOCKED), str(ROOT / "pyproject.toml"),
    )  # fmt: skip


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
