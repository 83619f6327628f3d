"""The operator's calls to a controller, their results and their errors.

Each error has the exit code of `monolith-controller` and a sentence that says what to
check. TensorFlow isn't imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal, TypeVar

import grpc

from monolith_hooks import net_utils
from monolith_hooks.server import address_file, service_pb2, service_pb2_grpc
from monolith_hooks.server.addresses import UNIX
from monolith_hooks.server.channels import ClientAccess, open_channel
from monolith_hooks.server.credentials import AccessError

R = TypeVar("R")
State = Literal["running", "stopping", "stopped", "resuming"]


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


@dataclass(frozen=True)
class Blocked:
    """State of the barrier, and the workers that it blocks; the chief isn't one of them."""

    placed: bool
    blocked: tuple[int, ...]
    free: tuple[int, ...]

    @property
    def state(self) -> State:
        """State in one word; ``stopping`` and ``resuming`` until all workers have reacted."""
        if self.placed:
            return "stopping" if self.free else "stopped"
        return "resuming" if self.blocked else "running"


@dataclass(frozen=True)
class Status:
    """The global step of training, and the barrier."""

    global_step: int
    barrier: Blocked


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

    All methods raise RefusedError, UnreachableError or NoAnswerError.
    """

    def __init__(self, addr: str, timeout: float, access: ClientAccess | None = None) -> None:
        self._addr = addr
        self._timeout = timeout
        try:
            self._channel = open_channel(addr, access)
        except AccessError as error:
            raise NoAccessError(str(error), "Check the options and files of access.") from None
        self._stub = service_pb2_grpc.ControllerStub(self._channel)  # type: ignore[no-untyped-call]  # generated

    def status(self) -> Status:
        """Return the global step and the barrier's state, read one after the other."""
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
        match code:
            case grpc.StatusCode.ALREADY_EXISTS:
                return RefusedError(
                    "training is stopped already",
                    "An operator stopped it, or the health check did after an alarm: see the "
                    "chief's log. `blocked` lists the workers held, `resume` releases them.",
                    code.name,
                )
            case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED:
                return UnreachableError(
                    f"there is no controller at {self._addr}: {details}",
                    "Check that the chief is running: the address file outlives it, and a "
                    "restarted chief writes a new one. Check that this machine can reach it, and "
                    "that both ends speak TLS or neither does: --ca, --cert, --key.",
                    code.name,
                )
            case grpc.StatusCode.DEADLINE_EXCEEDED:
                return NoAnswerError(
                    f"no answer from {self._addr} within {self._timeout:g} s",
                    "The request may still be performed. Check that the address is the chief's, or "
                    "give a slow save more --timeout.",
                    code.name,
                )
            case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
                return RefusedError(
                    details,
                    "Check --token-file: the controller's token file has the names and roles.",
                    code.name,
                )
            case grpc.StatusCode.UNIMPLEMENTED:
                return RefusedError(
                    f"the server at {self._addr} has no {method}",
                    "Check the address: another server may use the port now.",
                    code.name,
                )
        return RefusedError(
            f"{method} failed: {code.name}: {details}", "See the chief's log.", code.name
        )
