from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetRunStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetRunStatusResponse(_message.Message):
    __slots__ = ("global_step", "now_ms", "session_since_ms", "placed", "holds", "blocked", "free", "last_save", "watch")
    GLOBAL_STEP_FIELD_NUMBER: _ClassVar[int]
    NOW_MS_FIELD_NUMBER: _ClassVar[int]
    SESSION_SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    PLACED_FIELD_NUMBER: _ClassVar[int]
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    FREE_FIELD_NUMBER: _ClassVar[int]
    LAST_SAVE_FIELD_NUMBER: _ClassVar[int]
    WATCH_FIELD_NUMBER: _ClassVar[int]
    global_step: int
    now_ms: int
    session_since_ms: int
    placed: bool
    holds: _containers.RepeatedCompositeFieldContainer[Hold]
    blocked: _containers.RepeatedScalarFieldContainer[int]
    free: _containers.RepeatedScalarFieldContainer[int]
    last_save: Save
    watch: Watch
    def __init__(self, global_step: _Optional[int] = ..., now_ms: _Optional[int] = ..., session_since_ms: _Optional[int] = ..., placed: bool = ..., holds: _Optional[_Iterable[_Union[Hold, _Mapping]]] = ..., blocked: _Optional[_Iterable[int]] = ..., free: _Optional[_Iterable[int]] = ..., last_save: _Optional[_Union[Save, _Mapping]] = ..., watch: _Optional[_Union[Watch, _Mapping]] = ...) -> None: ...

class Hold(_message.Message):
    __slots__ = ("holder", "action", "since_ms")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    holder: str
    action: str
    since_ms: int
    def __init__(self, holder: _Optional[str] = ..., action: _Optional[str] = ..., since_ms: _Optional[int] = ...) -> None: ...

class Save(_message.Message):
    __slots__ = ("step", "ended_ms", "error")
    STEP_FIELD_NUMBER: _ClassVar[int]
    ENDED_MS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    step: int
    ended_ms: int
    error: str
    def __init__(self, step: _Optional[int] = ..., ended_ms: _Optional[int] = ..., error: _Optional[str] = ...) -> None: ...

class Watch(_message.Message):
    __slots__ = ("polls", "failed_polls", "last_good_poll_ms", "alarms", "failed_reports", "unhealthy")
    POLLS_FIELD_NUMBER: _ClassVar[int]
    FAILED_POLLS_FIELD_NUMBER: _ClassVar[int]
    LAST_GOOD_POLL_MS_FIELD_NUMBER: _ClassVar[int]
    ALARMS_FIELD_NUMBER: _ClassVar[int]
    FAILED_REPORTS_FIELD_NUMBER: _ClassVar[int]
    UNHEALTHY_FIELD_NUMBER: _ClassVar[int]
    polls: int
    failed_polls: int
    last_good_poll_ms: int
    alarms: int
    failed_reports: int
    unhealthy: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, polls: _Optional[int] = ..., failed_polls: _Optional[int] = ..., last_good_poll_ms: _Optional[int] = ..., alarms: _Optional[int] = ..., failed_reports: _Optional[int] = ..., unhealthy: _Optional[_Iterable[int]] = ...) -> None: ...
