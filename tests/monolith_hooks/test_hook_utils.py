from __future__ import annotations

import re
import threading
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.hook_utils import AfterSaveListener, BeforeSaveListener


class Notes(tf.compat.v1.train.CheckpointSaverListener):
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def begin(self) -> None:
        self.calls.append("begin")

    def before_save(self, session: Any, global_step_value: int) -> None:
        self.calls.append(("before", session, global_step_value))

    def after_save(self, session: Any, global_step_value: int) -> bool:
        self.calls.append(("after", session, global_step_value))
        return True

    def end(self, session: Any, global_step_value: int) -> None:
        self.calls.append("end")

    def __repr__(self) -> str:
        return "Notes!"


@pytest.mark.covers("B42a", "B42b", "B42c")
@pytest.mark.parametrize(
    ("half", "heard"),
    [(BeforeSaveListener, ("before", "s", 7)), (AfterSaveListener, ("after", "s", 7))],
)
def test_half_a_listener_hears_of_its_side_of_the_save_alone(half, heard):
    notes = Notes()
    listener = half(notes)
    listener.begin()
    listener.before_save("s", 7)
    assert listener.after_save("s", 7) is None
    listener.end("s", 7)
    assert notes.calls == [heard]


@pytest.mark.covers("B42d")
@pytest.mark.parametrize("half", [BeforeSaveListener, AfterSaveListener])
def test_the_repr_is_followed_by_that_of_the_wrapped_listener(half):
    pattern = rf"<monolith_hooks\.hook_utils\.{half.__name__} object at 0x[0-9a-f]+>Notes!"
    assert re.fullmatch(pattern, repr(half(Notes())))


@pytest.mark.parametrize(
    ("half", "call"), [(BeforeSaveListener, "before_save"), (AfterSaveListener, "after_save")]
)
def test_what_the_listener_raises_leaves_the_wrapper(half, call):
    class Raises(tf.compat.v1.train.CheckpointSaverListener):
        def before_save(self, session: Any, global_step_value: int) -> None:
            raise ValueError("before")

        def after_save(self, session: Any, global_step_value: int) -> None:
            raise ValueError("after")

    with pytest.raises(ValueError, match=call.removesuffix("_save")):
        getattr(half(Raises()), call)("s", 7)


@pytest.mark.parametrize("half", [BeforeSaveListener, AfterSaveListener])
def test_a_wrapper_calls_on_the_thread_that_calls_it_and_starts_none(half):
    class Where(tf.compat.v1.train.CheckpointSaverListener):
        def __init__(self) -> None:
            self.threads: list[tuple[Any, list[Any]]] = []

        def before_save(self, session: Any, global_step_value: int) -> None:
            self.threads.append((threading.current_thread(), threading.enumerate()))

        def after_save(self, session: Any, global_step_value: int) -> None:
            self.threads.append((threading.current_thread(), threading.enumerate()))

    before = threading.enumerate()
    where = Where()
    listener = half(where)
    listener.before_save("s", 7)
    listener.after_save("s", 7)
    assert where.threads == [(threading.current_thread(), before)]
    assert threading.enumerate() == before
