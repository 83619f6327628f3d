"""The operator's calls to a controller, their results and their errors.

Each error has the exit code of `monolith-controller` and a sentence that says what to
check. TensorFlow isn't imported.
"""

from __future__ import annotations

from typing import ClassVar, Final, TypeVar

import grpc

from monolith_hooks import net_utils
from monolith_hooks.clock import Clock
from monolith_hooks.run_status import Blocked, State, Status, status_of
from monolith_hooks.server import (
    address_file,
    operations_pb2,
    operations_pb2_grpc,
    service_pb2,
    service_pb2_grpc,
)
from monolith_hooks.server.addresses import UNIX
from monolith_hooks.server.channels import ClientAccess, open_channel
from monolith_hooks.server.credentials import AccessError

LOOK_SECONDS: Final = 0.1
"""Between two looks of a wait."""
_CLOSED: Final = "Attempted to use a closed Session."
"""The end of what a handler on a closed session fails with, in both languages (B34)."""
R = TypeVar("R")


class OperatorError(Exception):
    """The controller didn't perform the request.

    Attributes:
        check: A sentence that says what to check.
        code: The name of the gRPC status code, if a call was made.
    """

    exit_code: ClassVar[int]

    def __init__(self, message: str, check: str, code: str | None = None) -> None:
        super().__init__(message)
        self.check = check
        self.code = code


class RefusedError(OperatorError):
    """The controller answered with an error."""

    exit_code = 1


class ClosedSessionError(OperatorError):
    """The controller's session is closed, and a recreated one has a controller of its own (B36)."""

    exit_code = 1


class NoAddressError(OperatorError):
    """The controller's address isn't known."""

    exit_code = 2


class NoAccessError(OperatorError):
    """The operator's means of access can't be used."""

    exit_code = 2


class UnreachableError(OperatorError):
    """Nothing reachable is at the controller's address."""

    exit_code = 3


class NoAnswerError(OperatorError):
    """No answer came within the timeout; the request may still be performed."""

    exit_code = 4


def find_addr(model_dir: str) -> str:
    """Return the address that the run in this model directory has published.

    Raises:
        NoAddressError: There is no address file, or it doesn't hold an address.
    """
    path = address_file.server_addr_path(model_dir)
    try:
        addr = address_file.read_server_addr(model_dir)
    except FileNotFoundError:
        raise NoAddressError(
            f"there is no {path}",
            "Check that this is the run's model directory, and that its chief has created its "
            "session with a ServerHook.",
        ) from None
    except UnicodeDecodeError:
        raise NoAddressError(f"{path} isn't UTF-8 text", _WHAT_AN_ADDRESS_IS) from None
    except Exception as error:
        if not _says_why(error):
            raise
        raise NoAddressError(
            f"{path} can't be read: {error}", "Check the path and its permissions."
        ) from None
    return checked_addr(addr, f"{path} holds")


def checked_addr(addr: str, where: str = "--addr is") -> str:
    """Return this address after checking its form.

    Raises:
        NoAddressError: It is neither ``host:port``, ``[ipv6]:port`` nor ``unix:PATH``.
    """
    if addr.startswith(UNIX) and addr != UNIX:
        return addr
    try:
        net_utils.parse_addr(addr)
    except ValueError:
        raise NoAddressError(
            f"{where} {addr!r}, which isn't an address", _WHAT_AN_ADDRESS_IS
        ) from None
    return addr


_WHAT_AN_ADDRESS_IS: Final = "Expected host:port, [ipv6]:port or unix:PATH."


def _says_why(error: Exception) -> bool:
    """Return True for an OSError, or an error of TensorFlow, which may not be imported."""
    return isinstance(error, OSError) or hasattr(error, "error_code")


class Operator:
    """An operator's connection to one controller.

    Args:
        addr: The controller's address, as ``host:port``, ``[ipv6]:port`` or ``unix:PATH``.
        timeout: Seconds that each call may take.
        access: TLS, a token, a proxy: docs/production.md.

    Raises:
        NoAccessError: A file of ``access`` can't be used.

    All methods raise RefusedError, ClosedSessionError, UnreachableError or NoAnswerError.
    """

    def __init__(self, addr: str, timeout: float, access: ClientAccess | None = None) -> None:
        self._addr = addr
        self._timeout = timeout
        try:
            self._channel = open_channel(addr, access)
        except AccessError as error:
            raise NoAccessError(str(error), "Check the options and files of access.") from None
        self._stub = service_pb2_grpc.ControllerStub(self._channel)  # type: ignore[no-untyped-call]  # generated
        self._operations = operations_pb2_grpc.OperationsStub(self._channel)  # type: ignore[no-untyped-call]

    def status(self) -> Status:
        """Return the state of the run.

        Of a run without ``operations`` these are the global step and the barrier, read one
        after the other.
        """
        try:
            seen = self._operations.GetRunStatus(
                operations_pb2.GetRunStatusRequest(), timeout=self._timeout
            )
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise self._explained("GetRunStatus", error) from None
            return self._plain_status()
        return status_of(seen)

    def _plain_status(self) -> Status:
        training = self._call(
            "GetTrainingStatus",
            service_pb2.GetTrainingStatusRequest(),
            service_pb2.GetTrainingStatusResponse,
        )
        return Status(training.global_step, self.blocked())

    def blocked(self) -> Blocked:
        """Return the barrier's state."""
        response = self._call(
            "GetBlockStatus",
            service_pb2.GetBlockStatusRequest(),
            service_pb2.GetBlockStatusResponse,
        )
        return Blocked(
            placed=0 in response.blocked_indices,
            blocked=tuple(index for index in response.blocked_indices if index),
            free=tuple(index for index in response.unblocked_indices if index),
        )

    def stop(self) -> None:
        """Place the barrier, which blocks each worker after its current step."""
        request = service_pb2.StopTrainingRequest()
        self._call("StopTraining", request, service_pb2.StopTrainingResponse)

    def resume(self) -> None:
        """Remove the barrier; it is no error if none is placed."""
        request = service_pb2.ResumeTrainingRequest()
        self._call("ResumeTraining", request, service_pb2.ResumeTrainingResponse)

    def wait_for(self, state: State, clock: Clock) -> None:
        """Wait until the barrier is in this state, at most ``timeout`` seconds.

        Raises:
            NoAnswerError: It isn't by then; the message says which workers are missing.
        """
        deadline = clock.now() + self._timeout
        while (seen := self.blocked()).state != state:
            if clock.now() >= deadline:
                lacking = seen.free if state == "stopped" else seen.blocked
                raise NoAnswerError(
                    f"{seen.state} still after {self._timeout:g} s; missing: "
                    f"{', '.join(map(str, lacking))}",
                    "What was asked is done. A worker reacts after its step: see the log of each "
                    "that is missing, or give it more --timeout.",
                )
            clock.sleep(LOOK_SECONDS)

    def save(self) -> None:
        """Write a checkpoint, and wait until it is written."""
        request = service_pb2.SaveCheckpointRequest()
        self._call("SaveCheckpoint", request, service_pb2.SaveCheckpointResponse)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def _call(self, method: str, request: object, response: type[R]) -> R:
        try:
            answer = getattr(self._stub, method)(request, timeout=self._timeout)
        except grpc.RpcError as error:
            raise self._explained(method, error) from None
        assert isinstance(answer, response)
        return answer

    def _explained(self, method: str, error: grpc.RpcError) -> OperatorError:
        code, details = error.code(), error.details() or ""
        kind: type[OperatorError] = RefusedError
        match code:
            case grpc.StatusCode.ALREADY_EXISTS:
                message = "training is stopped already"
                check = (
                    "An operator stopped it, or the health check did after an alarm: see the "
                    "chief's log. `blocked` lists the workers held, `resume` releases them."
                )
            case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED:
                kind = UnreachableError
                message = f"there is no controller at {self._addr}: {details}"
                check = (
                    "Check that the chief is running: the address file outlives it, and a "
                    "restarted chief writes a new one. Check that this machine can reach it, and "
                    "that both ends speak TLS or neither does: --ca, --cert, --key."
                )
            case grpc.StatusCode.DEADLINE_EXCEEDED:
                kind = NoAnswerError
                message = f"no answer from {self._addr} within {self._timeout:g} s"
                check = (
                    "The request may still be performed. Check that the address is the chief's, or "
                    "give a slow save more --timeout."
                )
            case grpc.StatusCode.UNKNOWN if details.endswith(_CLOSED):
                kind = ClosedSessionError
                message = f"the session of the controller at {self._addr} is closed"
                check = (
                    "A chief that recovers from an error soon has another session, whose address "
                    "is then in the address file: try again, as `stop --wait` and `resume --wait` "
                    "do by themselves."
                )
            case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
                message = details
                check = "Check --token-file: the controller's token file has the names and roles."
            case grpc.StatusCode.UNIMPLEMENTED:
                message = f"the server at {self._addr} has no {method}"
                check = "Check the address: another server may use the port now."
            case _:
                message = f"{method} failed: {code.name}: {_first_line(details)}"
                check = "See the chief's log."
        return kind(message, check, code.name)


def _first_line(text: str) -> str:
    """Return the first line that says something; TensorFlow's errors go on with the graph."""
    lines = [line for line in text.splitlines() if line.strip()] or [""]
    return lines[0] if len(lines) == 1 else f"{lines[0]} ..."
