"""A peer in another process, which supports the driver protocol's optional requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from parity.base.model import Model
from parity.base.problems import PortUnavailableError
from parity.interop.peers.peer import PeerError
from parity.players.driver.player import DriverPlayer
from parity.players.driver.process import DriverError
from parity.spec.capabilities import ACCESS, LOOK
from parity.spec.interop import (
    Called,
    Decoded,
    Encoded,
    Fields,
    InteropClientAccess,
    InteropServer,
    Look,
    Looked,
)
from parity.spec.protocol import (
    Answer,
    ArrivedAnswer,
    ArriveRequest,
    CalledAnswer,
    CallRequest,
    DecodedAnswer,
    DecodeRequest,
    EncodedAnswer,
    EncodeRequest,
    InteropRequest,
    LookedAnswer,
    LookRequest,
    ServeRequest,
    ServingAnswer,
    StoppedAnswer,
    StopServingRequest,
    request_line,
)

Expected = TypeVar("Expected", bound=Model)


class DriverPeer:
    """Peer behind a driver that has the capability ``interop``.

    A driver that goes wrong is killed, together with its server; the next request starts
    another driver.
    """

    def __init__(self, player: DriverPlayer) -> None:
        self._player = player

    @property
    def name(self) -> str:
        """The peer's name in the matrix."""
        return self._player.name

    def serve(self, model_dir: Path, server: InteropServer) -> None:
        """Start a controller."""
        options = server.model_dump()
        self._ask(
            lambda seq: ServeRequest(seq=seq, model_dir=str(model_dir), **options), ServingAnswer
        )

    def arrive(self, workers: Sequence[int]) -> None:
        """Make workers block at the barrier."""
        self._ask(lambda seq: ArriveRequest(seq=seq, workers=tuple(workers)), ArrivedAnswer)

    def stop_serving(self) -> None:
        """Close the session."""
        self._ask(lambda seq: StopServingRequest(seq=seq), StoppedAnswer)

    def call(
        self,
        model_dir: Path,
        method: str,
        request_hex: str | None,
        deadline_ms: int,
        access: InteropClientAccess | None = None,
    ) -> Called:
        """Call a controller."""

        def request(seq: int) -> CallRequest:
            return CallRequest(
                seq=seq,
                model_dir=str(model_dir),
                method=method,
                request_hex=request_hex,
                deadline_ms=deadline_ms,
                access=access,
            )

        return Called(**_value(self._ask(request, CalledAnswer)))

    def encode(self, message: str, fields: Fields) -> Encoded:
        """Write a message."""

        def request(seq: int) -> EncodeRequest:
            return EncodeRequest(seq=seq, message=message, fields=fields)

        return Encoded(**_value(self._ask(request, EncodedAnswer)))

    def decode(self, message: str, hex: str) -> Decoded:  # noqa: A002 - the protocol's own name
        """Read a message."""

        def request(seq: int) -> DecodeRequest:
            return DecodeRequest(seq=seq, message=message, hex=hex)

        return Decoded(**_value(self._ask(request, DecodedAnswer)))

    @property
    def has_access(self) -> bool:
        """True if the driver has the capability ``access``."""
        return self._has(ACCESS)

    @property
    def can_look(self) -> bool:
        """True if the driver has the capability ``look``."""
        return self._has(LOOK)

    def look(self, look: Look) -> Looked:
        """Return the port's observations."""
        options = look.model_dump()
        answer = self._ask(lambda seq: LookRequest(seq=seq, **options), LookedAnswer)
        return Looked.model_validate(_value(answer))

    @property
    def given_up(self) -> str:
        """The reason why the driver isn't started again, or empty."""
        return self._player.given_up

    def close(self) -> str | None:
        """End the process, and return what went wrong or None."""
        return self._player.close()

    def _has(self, capability: str) -> bool:
        hello = self._player.hello
        return hello is not None and capability in hello.capabilities

    def _ask(self, request: Callable[[int], InteropRequest], expected: type[Expected]) -> Expected:
        kind = request(0).type

        def read(answer: Answer) -> Expected:
            if not isinstance(answer, expected):
                raise DriverError("garbage", f"it answered {kind} with {answer.type}")
            return answer

        try:
            return self._player.ask(lambda seq: request_line(request(seq)), read)
        except DriverError as error:
            tail = f"\nthe last lines of its log:\n{error.log_tail}" if error.log_tail else ""
            raise PeerError(f"{self.name} {error.failure} at {kind}: {error}{tail}") from None
        except PortUnavailableError as error:
            raise PeerError(str(error)) from None


def _value(answer: Model) -> dict[str, Any]:
    return answer.model_dump(exclude={"type", "seq"})
