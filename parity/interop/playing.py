"""Playing of the cases of interop, for each pair of languages."""

from __future__ import annotations

import contextlib
import itertools
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from parity.base import host
from parity.interop.asking import STOP, ask_beside, ask_patiently, ask_to_stop
from parity.interop.cases.catalogue import all_cases, all_groups
from parity.interop.cases.message import message_cases
from parity.interop.cases.steps import (
    FILES,
    Address,
    AddressFileIs,
    Arrive,
    Ask,
    AskAcrossTheEnd,
    AskBeside,
    AskPatiently,
    AuditIs,
    BarrierIs,
    CheckpointsAre,
    FilesAre,
    Group,
    InteropCase,
    InteropLookStep,
    InteropStep,
    Ipv6IsSeen,
    MachineIsSeen,
    MessageCase,
    StopServing,
    Want,
)
from parity.interop.credentials import make_credentials
from parity.interop.listeners import LISTENERS, listening
from parity.interop.looking import check_look
from parity.interop.needs import needs_access, needs_of
from parity.interop.peers.peer import InteropPeer, PeerError
from parity.interop.report import InteropCell, InteropVerdict, unequal
from parity.kit.model_folder import files_left
from parity.spec.interop import (
    Called,
    InteropClientAccess,
    InteropServer,
    InteropServerAccess,
)

_ADDRESS_FILE: Final = "controller_server_addr.txt"
"""From the specification (B37), independent of the code that is judged."""
_PORT_OF_A_CLIENT: Final = r":\d+ "
_PORT: Final = r"[1-9]\d{0,4}"


Access = TypeVar("Access", InteropServerAccess, InteropClientAccess)


@dataclass(frozen=True)
class PeerPair:
    """The client and the server, or the writer and the reader of messages; may be the same."""

    client: InteropPeer
    server: InteropPeer

    def cell(
        self, case: InteropCase | MessageCase, verdict: InteropVerdict, reasons: Iterable[str] = ()
    ) -> InteropCell:
        """Return the cell of a case."""
        return make_cell(self.client.name, self.server.name, case, verdict, reasons)


def make_cell(
    client: str,
    server: str,
    case: InteropCase | MessageCase,
    verdict: InteropVerdict,
    reasons: Iterable[str],
) -> InteropCell:
    """Return the cell of a case between these two peers."""
    return InteropCell(
        client=client,
        server=server,
        method=case.method,
        case=case.name,
        covers=case.covers,
        verdict=verdict,
        reasons=tuple(reasons),
    )


def play_group(pair: PeerPair, group: Group) -> Iterator[InteropCell]:
    """Start a server, and play each case on it."""
    with tempfile.TemporaryDirectory(prefix="parity-interop-") as folder:
        served = _Served(pair, Path(folder))
        if needs_access(group) and not (pair.client.has_access and pair.server.has_access):
            lacking = pair.client if not pair.client.has_access else pair.server
            reason = f"{lacking.name} has no access"
            yield from (pair.cell(case, "skipped", [reason]) for case in group.cases)
            return
        try:
            pair.server.serve(served.model_dir, served.with_files(group.server))
        except PeerError as error:
            yield from (pair.cell(case, "failed", [str(error)]) for case in group.cases)
            return
        with served.until_the_end():
            for case in group.cases:
                yield served.play(case)


def play_message(pair: PeerPair, case: MessageCase) -> InteropCell:
    """Check that the peers write and read a message alike, and each other's bytes."""
    try:
        wrong = list(_message_differences(pair, case))
    except PeerError as error:
        return pair.cell(case, "failed", [str(error)])
    return pair.cell(case, "differs" if wrong else "agree", wrong)


class _Served:
    """A pair with a running server, and the address file between the two."""

    def __init__(self, pair: PeerPair, folder: Path) -> None:
        self._pair = pair
        self._serving = True
        self._listeners = contextlib.ExitStack()
        self._audited = 0
        self.model_dir = folder / "model"
        self.model_dir.mkdir()
        self._files = folder / "files"

    def with_files(self, server: InteropServer) -> InteropServer:
        """Return the server with the paths of its credentials, which are made."""
        if server.access is None:
            return server
        make_credentials(self._files)
        return server.model_copy(update={"access": self._with_paths(server.access)})

    @contextlib.contextmanager
    def until_the_end(self) -> Iterator[None]:
        """Stop the server and the listeners after the block, even if it raises."""
        self._addr = self._address_file.read_bytes()
        with self._listeners:
            try:
                yield
            finally:
                if self._serving:
                    # A driver that went wrong no longer serves; its cells say so.
                    with contextlib.suppress(PeerError):
                        self._pair.server.stop_serving()

    def play(self, case: InteropCase) -> InteropCell:
        """Take the steps of a case until the first one that goes wrong."""
        looks = any(isinstance(step, InteropLookStep) for step in case.steps)
        if looks and not self._pair.server.can_look:
            return self._pair.cell(case, "skipped", [f"{self._pair.server.name} doesn't look"])
        for number, step in enumerate(case.steps, start=1):
            try:
                wrong = self._take(step)
            except PeerError as error:
                return self._pair.cell(case, "failed", [f"step {number}: {error}"])
            if wrong:
                return self._pair.cell(
                    case, "differs", [f"step {number}, {each}" for each in wrong]
                )
        return self._pair.cell(case, "agree")

    @property
    def _address_file(self) -> Path:
        return self.model_dir / _ADDRESS_FILE

    def _take(self, step: InteropStep) -> list[str]:
        match step:
            case Ask():
                got = self._pair.client.call(
                    self.model_dir,
                    step.method,
                    step.request_hex,
                    step.deadline_ms,
                    None if step.access is None else self._with_paths(step.access),
                )
                return _call_differences(step.method, step.want, got)
            case AskPatiently() | AskAcrossTheEnd() | AskBeside():
                return self._ask_from_here(step)
            case Arrive():
                self._pair.server.arrive(step.workers)
            case Address():
                self._write(step.content)
            case AddressFileIs() | FilesAre() | AuditIs():
                return self._look_at_files(step)
            case BarrierIs() | CheckpointsAre() | MachineIsSeen() | Ipv6IsSeen():
                return list(check_look(self._pair.server, step, self.model_dir))
            case StopServing():
                self._stop_serving()
        return []

    def _ask_from_here(self, step: AskPatiently | AskAcrossTheEnd | AskBeside) -> list[str]:
        address = self._addr.decode()
        match step:
            case AskPatiently():
                got = ask_patiently(address, step.method, step.timeout)
                return _call_differences(step.method, step.want, got)
            case AskAcrossTheEnd():
                got = ask_to_stop(address, then=self._stop_serving)
                return _call_differences(STOP, step.want, got)
            case AskBeside():
                return ask_beside(address)

    def _stop_serving(self) -> None:
        self._pair.server.stop_serving()
        self._serving = False

    def _with_paths(self, access: Access) -> Access:
        paths = {
            name: value.replace(FILES, str(self._files))
            for name, value in access
            if isinstance(value, str)
        }
        return access.model_copy(update=paths)

    def _new_audit_lines(self) -> list[str]:
        path = self._files / "audit"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        new, self._audited = lines[self._audited :], len(lines)
        return [re.sub(_PORT_OF_A_CLIENT, ":{port} ", line) for line in new]

    def _write(self, content: bytes | None) -> None:
        if content is None:
            self._address_file.unlink(missing_ok=True)
            return
        content = content.replace(b"{addr}", self._addr)
        content = content.replace(b"{port}", self._addr.rpartition(b":")[2])
        for word, behave in LISTENERS.items():
            if word in content:
                address = self._listeners.enter_context(listening(behave))
                content = content.replace(word, address)
        self._address_file.write_bytes(content)

    def _look_at_files(self, step: AddressFileIs | FilesAre | AuditIs) -> list[str]:
        match step:
            case AddressFileIs():
                return self._look_at_the_address_file(step)
            case FilesAre():
                left = [name for name in files_left(self.model_dir) if name != _ADDRESS_FILE]
                return unequal("files in the model directory", list(step.names), left)
            case AuditIs():
                return unequal("lines of the audit", list(step.lines), self._new_audit_lines())

    def _look_at_the_address_file(self, step: AddressFileIs) -> list[str]:
        content = self._address_file.read_bytes()
        pattern = re.escape(step.content).replace(re.escape("{port}"), _PORT)
        wrong = []
        if not re.fullmatch(pattern.encode(), content):
            wrong += unequal("bytes of the address file", step.content, content)
        mode = self._address_file.stat().st_mode & 0o7777
        return wrong + unequal("mode of the address file", oct(step.mode), oct(mode))


def _call_differences(name: str, want: Want, got: Called) -> list[str]:
    wrong = unequal(f"{name}: code", want.code, got.code)
    wrong += unequal(f"{name}: error of the client", want.error, got.error)
    if want.error is not None:
        if want.details is not None and want.details not in (got.details or ""):
            wrong += unequal(f"{name}: message that contains", want.details, got.details)
    elif want.details is not None or want.code == "OK":
        wrong += unequal(f"{name}: details", want.details, got.details)
    if want.response_hex is not None or got.response_hex is not None:
        wrong += unequal(f"{name}: response", want.response_hex, got.response_hex)
    return wrong


def _message_differences(pair: PeerPair, case: MessageCase) -> Iterator[str]:
    if case.written:
        assert case.fields is not None
        for peer in dict.fromkeys((pair.client, pair.server)):
            written = peer.encode(case.method, case.fields)
            yield from unequal(f"bytes written by {peer.name}", case.hex, written.hex)
            yield from unequal(f"text of {peer.name}", case.text, written.text)
        sent = pair.client.encode(case.method, case.fields).hex
    else:
        sent = case.hex
    for peer in [pair.server] if case.written else dict.fromkeys((pair.client, pair.server)):
        read = peer.decode(case.method, sent)
        yield from unequal(f"error of {peer.name}", case.error, read.error)
        yield from unequal(f"fields read by {peer.name}", case.fields, read.fields)
        yield from unequal(f"text read by {peer.name}", case.text, read.text)


@dataclass(frozen=True)
class MissingPeer:
    """A peer that isn't available, and the reason; its cells are skipped."""

    name: str
    reason: str


def play_cases(peers: Sequence[InteropPeer | MissingPeer]) -> Iterator[InteropCell]:
    """Yield the cell of every case with each peer calling each peer, including itself."""
    groups, messages = all_groups(), message_cases()
    for client, server in itertools.product(peers, repeat=2):
        if isinstance(client, MissingPeer) or isinstance(server, MissingPeer):
            reasons = [each.reason for each in (client, server) if isinstance(each, MissingPeer)]
            for case in all_cases():
                yield make_cell(client.name, server.name, case, "skipped", reasons[:1])
            continue
        pair = PeerPair(client, server)
        for group in groups:
            yield from _play_supported(pair, group)
        for message in messages:
            yield play_message(pair, message)


def _play_supported(pair: PeerPair, group: Group) -> Iterator[InteropCell]:
    """Yield the cells of a group; cases whose needs this host doesn't meet are skipped."""
    playable = []
    for case in group.cases:
        lacking = host.unmet_needs(needs_of(case, group.server))
        if lacking:
            yield pair.cell(case, "skipped", lacking)
        else:
            playable.append(case)
    if playable:
        yield from play_group(pair, Group(server=group.server, cases=tuple(playable)))
