from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class StopTrainingRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StopTrainingResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResumeTrainingRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResumeTrainingResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetBlockStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetBlockStatusResponse(_message.Message):
    __slots__ = ("blocked_indices", "unblocked_indices")
    BLOCKED_INDICES_FIELD_NUMBER: _ClassVar[int]
    UNBLOCKED_INDICES_FIELD_NUMBER: _ClassVar[int]
    blocked_indices: _containers.RepeatedScalarFieldContainer[int]
    unblocked_indices: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, blocked_indices: _Optional[_Iterable[int]] = ..., unblocked_indices: _Optional[_Iterable[int]] = ...) -> None: ...

class SaveCheckpointRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SaveCheckpointResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetTrainingStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetTrainingStatusResponse(_message.Message):
    __slots__ = ("global_step",)
    GLOBAL_STEP_FIELD_NUMBER: _ClassVar[int]
    global_step: int
    def __init__(self, global_step: _Optional[int] = ...) -> None: ...
