"""The guard in front of the controller's methods: who may call what, and the audit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final, NamedTuple, NoReturn

import grpc

from monolith_hooks.server.audit import Audit, record_of
from monolith_hooks.server.credentials import Holder, Role, TokenTable

_ACTS: Final = ("StopTraining", "ResumeTraining", "SaveCheckpoint")
"""The methods that change the run, which are for operators."""
_PROBE: Final = "/grpc.health.v1.Health/"
_CONTROLLER: Final = "/Controller/"
_OURS: Final = (_CONTROLLER, "/monolith_hooks.Operations/")
_SCHEME: Final = "bearer"
_ENTRY_BYTES: Final = 32
"""What an entry of metadata counts for besides its name and value, as in HTTP/2."""

Code = grpc.StatusCode


class _Refusal(NamedTuple):
    code: grpc.StatusCode
    message: str


class Guard(grpc.ServerInterceptor):
    """Interceptor that lets in the calls that docs/production.md lets in.

    It holds no lock, and is called by many threads at once. A refusal runs on a pool of its
    own, so that a flood of them doesn't keep the controller's two handlers busy.

    Args:
        tokens: The tokens that are taken, or None to ask for none.
        max_metadata_bytes: What the metadata of a call may have.
        max_deadline_seconds: The farthest deadline of a call, or None to ask for none.
        audit: Called with each call that changes the run, and with each that is refused.
        pool: Runs refusals and the answers to probes.
        probes: True if the health service is served, which needs no token.
    """

    def __init__(
        self,
        tokens: TokenTable | None,
        max_metadata_bytes: int,
        max_deadline_seconds: float | None,
        audit: Audit,
        pool: Executor,
        *,
        probes: bool,
    ) -> None:
        self._tokens = tokens
        self._max_metadata_bytes = max_metadata_bytes
        self._max_deadline_seconds = max_deadline_seconds
        self._audit = audit
        self._pool = pool
        self._probes = probes

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the handler of a call, or one that refuses it."""
        details: Any = handler_call_details
        path, metadata = details.method, details.invocation_metadata
        if self._probes and path.startswith(_PROBE):
            return self._beside(continuation(details))
        holder, refusal = self._authenticate(metadata)
        refusal = refusal or self._measure(metadata) or _forbid(holder, path)
        name = holder.name if holder is not None else None
        if refusal is not None:
            return self._refuse(path, name, refusal)
        handler: Any = continuation(details)
        if handler is None or not path.startswith(_OURS):
            return handler
        return grpc.unary_unary_rpc_method_handler(
            self._audited(handler.unary_unary, path, name),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _authenticate(self, metadata: Any) -> tuple[Holder | None, _Refusal | None]:
        if self._tokens is None:
            return None, None
        credentials = [value for key, value in metadata if key == "authorization"]
        if not credentials:
            return None, _Refusal(Code.UNAUTHENTICATED, "This controller needs a token.")
        scheme, _, token = credentials[0].partition(" ")
        holder = self._tokens.holder(token.strip())
        if scheme.lower() != _SCHEME or len(credentials) > 1 or holder is None:
            return None, _Refusal(Code.UNAUTHENTICATED, "The token is unknown.")
        return holder, None

    def _measure(self, metadata: Any) -> _Refusal | None:
        size = sum(len(key) + len(value) + _ENTRY_BYTES for key, value in metadata)
        if size <= self._max_metadata_bytes:
            return None
        return _Refusal(
            Code.RESOURCE_EXHAUSTED,
            f"The metadata has {size} bytes; at most {self._max_metadata_bytes} are taken.",
        )

    def _audited(self, behave: Any, path: str, name: str | None) -> Any:
        acts = path.removeprefix(_CONTROLLER) in _ACTS

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            farthest = self._max_deadline_seconds
            if farthest is not None and context.time_remaining() > farthest:
                message = f"A deadline of at most {farthest:g} s is needed."
                self._abort(context, path, name, _Refusal(Code.INVALID_ARGUMENT, message))
            if not acts:
                return behave(request, context)
            try:
                response = behave(request, context)
            except BaseException:
                # The code that the handler aborted with; gRPC answers others with UNKNOWN.
                self._audit(record_of(context, path, _code_of(context) or Code.UNKNOWN, name))
                raise
            self._audit(record_of(context, path, Code.OK, name))
            return response

        return handle

    def _refuse(
        self, path: str, name: str | None, refusal: _Refusal
    ) -> grpc.RpcMethodHandler[Any, Any]:
        def handle(request: bytes, context: grpc.ServicerContext) -> NoReturn:  # noqa: ARG001
            self._abort(context, path, name, refusal)

        handle.experimental_thread_pool = self._pool  # type: ignore[attr-defined]  # gRPC's own
        return grpc.unary_unary_rpc_method_handler(handle)

    def _abort(
        self, context: grpc.ServicerContext, path: str, name: str | None, refusal: _Refusal
    ) -> NoReturn:
        self._audit(record_of(context, path, refusal.code, name))
        context.abort(refusal.code, refusal.message)

    def _beside(self, handler: Any) -> Any:
        """Return the handler of a probe, which doesn't wait for a long save."""
        if handler is None or handler.unary_unary is None:
            return handler
        check = handler.unary_unary

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            return check(request, context)

        handle.experimental_thread_pool = self._pool  # type: ignore[attr-defined]  # gRPC's own
        return grpc.unary_unary_rpc_method_handler(
            handle,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _forbid(holder: Holder | None, path: str) -> _Refusal | None:
    method = path.removeprefix(_CONTROLLER)
    if holder is None or holder.role is Role.OPERATOR or method not in _ACTS:
        return None
    return _Refusal(
        Code.PERMISSION_DENIED, f"{holder.name} is a reader: {method} is for operators."
    )


def _code_of(context: Any) -> grpc.StatusCode | None:
    code: grpc.StatusCode | None = context.code()
    return code
