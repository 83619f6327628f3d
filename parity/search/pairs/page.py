"""The table of pairs as a page of Markdown: docs/pairs.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import Final

from parity.search.pairs.operations import ARRIVALS, UNDER_WAY, Arrival, UnderWay
from parity.search.pairs.table import REASONS, pairs, positions, why_apart

_INTRODUCTION: Final = """\
# Pairs of operations

Races are won or lost by what arrives while something slow holds a lock. This page is the table of
all operations that can be under way and all that can arrive meanwhile. Each pair that can meet is
a scenario in `scenarios/pairs/`, named `<under way>_then_<arrival>_<position>`, and a part of the
catalogue like any other. Page and scenarios are made by `nox -s generated`: change
`parity/search/pairs/`, not them.

```console
$ monolith-parity replay scenarios/pairs/slow_stop_then_resume_during.yaml
```
"""

_POSITIONS: Final = """\
## Positions

`during`: the arrival comes in the middle of what is under way.

`at_its_end`: it comes at the very instant of the end. The order at that instant is the one that
[virtual time](virtual-time.md) fixes: a lane that parked earlier goes on earlier. This position is
played only where the arrival meets a lock or a wait.

An operation under way is slow by a fault or a callback. The arrival is slow as well (a callback of
1 s, a save of 2 s) unless that would change how long the first one takes, so that many arrivals
outlast what they have met.
"""

_EXPECTATIONS: Final = """\
## Where the expectations come from

A sequential model (`model.py`, `barrier_model.py`, `saver_model.py`) plays each scenario. It is
written from [the behaviour](behaviour.md) and uses neither the reference nor the port: lanes are
generators, and a lock is a boolean. What it predicts is written into the scenario: each call's code
and response, and the barrier's states, callbacks, saves, steps, reports, threads and errors.

Each call that is answered OK or ALREADY_EXISTS has a `deadline` of 1 ms more than the predicted
time of its answer, so that a later answer is DEADLINE_EXCEEDED. That nothing comes earlier is shown
by a test that holds the reference to the time of each event
(`tests/parity/search/pairs/test_played.py`), and by the comparison of a port with the reference.

Where a player and the model disagree, docs/behaviour.md decides which is wrong.
"""

_ADDING: Final = """\
## Add an operation

1. Add an `UnderWay` or an `Arrival` to `operations.py`: its steps, what it needs of the scenario,
   and the facts that it `covers`.
2. In `table.py`, give a reason for each pair that can't meet, and list the pairs in which it
   arrives `at_its_end`.
3. If it uses a step, hook or fault that the model doesn't know, add that to the model, from the
   facts.
4. Run `python3 dev.py generated`, then play the folder: `monolith-parity run scenarios/pairs`.
   Check what surprises you against the facts by hand.
"""


def pairs_page() -> str:
    """Return the whole page."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield _INTRODUCTION
    yield from _counts()
    yield from _under_way()
    yield from _table()
    yield _POSITIONS
    yield _EXPECTATIONS
    yield _ADDING.rstrip("\n")
    yield ""


def _counts() -> Iterator[str]:
    cells = [(under_way, arrival) for under_way in UNDER_WAY for arrival in ARRIVALS]
    met = [cell for cell in cells if why_apart(*cell) is None]
    both, one = _orders()
    by_position = Counter(pair.position for pair in pairs())
    yield from ("## Counts", "", "| what | count |", "| --- | --- |")
    yield f"| operations under way | {len(UNDER_WAY)} |"
    yield f"| operations that arrive | {len(ARRIVALS)} |"
    yield f"| pairs of the two | {len(cells)} |"
    yield f"| pairs that can't meet | {len(cells) - len(met)} |"
    yield f"| pairs that meet | {len(met)} |"
    yield f"| pairs of kinds that can be under way, met in each order | {both} |"
    yield f"| the same, met in one order as the other is impossible | {one} |"
    yield f"| scenarios: `during` | {by_position['during']} |"
    yield f"| scenarios: `at_its_end` | {by_position['at_its_end']} |"
    yield f"| scenarios | {len(pairs())} |"
    yield ""


def _orders() -> tuple[int, int]:
    """Count the pairs of kinds that are both slow, by whether they meet in both orders or in one.

    Two of one kind have one order only, which counts as both.
    """
    kinds = list(dict.fromkeys(under_way.kind for under_way in UNDER_WAY))
    meets = {(pair.under_way.kind, pair.arrival.name) for pair in pairs()}
    orders = Counter(
        len({(one, other), (other, one)} - meets)
        for one, other in combinations_with_replacement(kinds, 2)
        if (one, other) in meets or (other, one) in meets
    )
    return orders[0], orders[1]


def _under_way() -> Iterator[str]:
    yield from ("## Under way", "", "| name | what | holds | facts |", "| --- | --- | --- | --- |")
    for each in UNDER_WAY:
        yield f"| `{each.name}` | {each.is_} | {each.holds} | {', '.join(each.covers)} |"
    yield ""


def _table() -> Iterator[str]:
    yield from ("## Pairs", "", "`+` means met `during`, `++` met `at_its_end` too.")
    yield "A letter says why two can't meet:"
    yield ""
    for letter, reason in zip("abcdefgh", REASONS, strict=False):
        count = sum(
            why_apart(under_way, arrival) == reason
            for under_way in UNDER_WAY
            for arrival in ARRIVALS
        )
        yield f"- **{letter}** ({count}): {REASONS[reason]}"
    yield ""
    yield f"| arrival | {' | '.join(f'`{each.name}`' for each in UNDER_WAY)} |"
    yield "| --- |" + " --- |" * len(UNDER_WAY)
    for arrival in ARRIVALS:
        cells = " | ".join(_cell(under_way, arrival) for under_way in UNDER_WAY)
        yield f"| `{arrival.name}`: {_noun(arrival)} | {cells} |"
    yield ""


def _cell(under_way: UnderWay, arrival: Arrival) -> str:
    reason = why_apart(under_way, arrival)
    if reason is None:
        return "+" * len(positions(under_way, arrival))
    return "abcdefgh"[list(REASONS).index(reason)]


def _noun(arrival: Arrival) -> str:
    first, rest = arrival.is_[0], arrival.is_[1:]
    return arrival.is_ if " " not in rest else first.lower() + rest
