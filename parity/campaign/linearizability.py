"""Check whether operations that overlapped are linearizable.

The algorithm is that of Wing and Gong, with Lowe's memory of the configurations that were seen:
a depth-first search for an order in which each operation takes effect at one moment between its
call and its return, and does what a plain model says.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

State = TypeVar("State", bound=Hashable)
NEVER: Final = 2**63


@dataclass(frozen=True)
class Operation(Generic[State]):
    """An operation on what the model is of.

    Args:
        name: What it is, for whoever reads why there is no order.
        invoked: The time before which it had no effect.
        returned: The time after which it has none; `NEVER` if nobody knows.
        apply: Returns the state after it, or None if it can't have happened in this state.
        certain: False if it may have had no effect at all.
    """

    name: str
    invoked: int
    returned: int
    apply: Callable[[State], State | None]
    certain: bool = True


@dataclass(frozen=True)
class NoOrder(Generic[State]):
    """Why operations aren't linearizable.

    Args:
        order: The names of the operations of the longest order that was found.
        state: The state that it leads to.
        stuck: The names of the operations of which one would have to be next, and none can.
    """

    order: tuple[str, ...]
    state: State
    stuck: tuple[str, ...]


def find_violation(operations: Sequence[Operation[State]], initial: State) -> NoOrder[State] | None:
    """Return why there is no order of the operations, or None if there is one."""
    search = _Search(sorted(operations, key=lambda operation: operation.invoked))
    return search.run(initial)


@dataclass(frozen=True)
class _Configuration(Generic[State]):
    done: int
    """A bit for each operation that has had its effect."""
    state: State
    last_invoked: int
    """The latest call among these: what returned before it can't come any more."""


class _Search(Generic[State]):
    def __init__(self, operations: Sequence[Operation[State]]) -> None:
        self._operations = operations
        self._certain = sum(1 << i for i, each in enumerate(operations) if each.certain)

    def run(self, initial: State) -> NoOrder[State] | None:
        root = _Configuration(0, initial, -1)
        seen = {root}
        path: list[str] = []
        best: tuple[tuple[str, ...], _Configuration[State]] = ((), root)
        stack = [(root, self._next(root))]
        while stack:
            configuration, following = stack[-1]
            if configuration.done & self._certain == self._certain:
                return None
            for name, successor in following:
                if successor not in seen:
                    seen.add(successor)
                    path.append(name)
                    if len(path) > len(best[0]):
                        best = (tuple(path), successor)
                    stack.append((successor, self._next(successor)))
                    break
            else:
                stack.pop()
                if path:
                    path.pop()
        order, reached = best
        names = tuple(self._operations[i].name for i in self._candidates(reached))
        return NoOrder(order, reached.state, names)

    def _next(
        self, configuration: _Configuration[State]
    ) -> Iterator[tuple[str, _Configuration[State]]]:
        for i in self._candidates(configuration):
            operation = self._operations[i]
            state = operation.apply(configuration.state)
            has_effect = operation.certain or state != configuration.state
            if state is not None and has_effect:
                yield (
                    operation.name,
                    _Configuration(
                        configuration.done | 1 << i,
                        state,
                        max(configuration.last_invoked, operation.invoked),
                    ),
                )

    def _candidates(self, configuration: _Configuration[State]) -> Iterator[int]:
        """Yield the operations of which any may be next.

        None may be called after a certain one that is still to come has returned.
        """
        left = [i for i in range(len(self._operations)) if not configuration.done >> i & 1]
        first_return = min(
            (self._operations[i].returned for i in left if self._operations[i].certain),
            default=NEVER,
        )
        for i in left:
            operation = self._operations[i]
            if (
                operation.invoked <= first_return
                and operation.returned >= configuration.last_invoked
            ):
                yield i
