"""Import of foreign modules, in which some names are on the virtual clock."""

from __future__ import annotations

import builtins
import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from parity.players.python.foreign.virtual_names import ClockOfPlay, stand_ins

_REAL_TIME: Final = frozenset(
    {"asyncio", "multiprocessing", "queue", "sched", "select", "signal", "subprocess"}
)
"""Modules by which code waits in real time."""


class _Virtual(importlib.abc.MetaPathFinder):
    """Finder of the modules that get other names; it leaves all others to the next finder."""

    def __init__(self, clock: ClockOfPlay, labels: Mapping[str, str | None]) -> None:
        self._clock = clock
        self._labels = labels

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's spec, with a loader that gives it other names."""
        if fullname not in self._labels:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            names = stand_ins(self._clock, fullname, self._labels[fullname])
            spec.loader = _Loader(spec.loader, _importing(self._clock, fullname, names))
        return spec


class _Loader(importlib.abc.Loader):
    """Loader of a module whose ``import`` statements are given."""

    def __init__(self, real: importlib.abc.Loader, imports: Any) -> None:
        self._real = real
        self._imports = imports

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the real loader does."""
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code."""
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._imports}
        self._real.exec_module(module)


def _importing(clock: ClockOfPlay, module: str, names: Mapping[str, ModuleType]) -> Any:
    """Return ``__import__`` for a module, which gives it these names instead of the real ones."""

    def imports(
        name: str,
        globals_: Mapping[str, object] | None = None,
        locals_: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if level == 0 and name in _REAL_TIME:
            clock.waits_in_real_time(f"{name} in {module}")
        if level == 0 and name in names:
            return names[name if fromlist else name.partition(".")[0]]
        return builtins.__import__(name, globals_, locals_, fromlist or (), level)

    return imports


@contextmanager
def virtual_imports(clock: ClockOfPlay, labels: Mapping[str, str | None]) -> Iterator[None]:
    """Give modules other names if they are imported during the block.

    Args:
        clock: The clock that these names are on.
        labels: The modules, each with the label of the lanes that it starts; None for the
            names of its threads.
    """
    finder = _Virtual(clock, labels)
    for name in labels:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def stand_in_module(name: str, instead: str, folder: Path) -> ModuleType:
    """Return what stands in the place of a module.

    Args:
        name: The module's name.
        instead: ``mock``, a module in which every name is there and does nothing; a file, by
            its path; or the name of another module.
        folder: What a relative path is relative to.

    Raises:
        OSError: The file can't be read.
        ImportError: The other module can't be imported.
    """
    if instead == "mock":
        return _Mock(name)
    if not instead.endswith(".py"):
        return importlib.import_module(instead)
    spec = importlib.util.spec_from_file_location(name, folder / instead)
    assert spec is not None, "a path that ends with .py has a loader"
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Mock(ModuleType):
    """A module, and a package, in which every name is there and does nothing."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything()


class _Anything:
    """A value that can be called, has every attribute, and can wrap a class or function."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        is_decorating = len(args) == 1 and not kwargs and callable(args[0])
        return args[0] if is_decorating else self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *raised: object) -> None:
        pass
