from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from parity.campaign.linearizability import NEVER, Operation, find_violation


def write(value, invoked, returned, certain=True):
    return Operation(f"write {value}", invoked, returned, lambda _: value, certain)


def read(value, invoked, returned):
    def see(state):
        return state if state == value else None

    return Operation(f"read {value}", invoked, returned, see)


def test_what_was_written_before_is_read():
    assert find_violation([write(1, 0, 1), read(1, 2, 3)], 0) is None


def test_a_read_of_what_was_overwritten_before_it_began_is_a_violation():
    found = find_violation([write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)], 0)
    assert found is not None
    assert found.order == ("write 1", "write 2")
    assert found.state == 2
    assert found.stuck == ("read 1",)


def test_what_overlaps_may_have_happened_in_either_order():
    overlapping = [write(1, 0, 10), write(2, 0, 10)]
    assert find_violation([*overlapping, read(1, 11, 12)], 0) is None
    assert find_violation([*overlapping, read(2, 11, 12)], 0) is None


def test_two_readers_must_agree_on_the_order():
    overlapping = [write(1, 0, 10), write(2, 0, 10)]
    assert find_violation([*overlapping, read(1, 11, 12), read(2, 13, 14)], 0) is not None


def test_a_write_of_which_nobody_knows_may_have_happened_at_any_time_later_or_never():
    unknown = write(1, 0, NEVER, certain=False)
    assert find_violation([unknown, read(0, 5, 6), read(1, 7, 8)], 0) is None
    assert find_violation([unknown, read(0, 5, 6)], 0) is None
    assert find_violation([unknown, read(1, 5, 6), read(0, 7, 8)], 0) is not None


def test_what_may_have_happened_within_a_span_cant_happen_after_it():
    maybe = write(1, 0, 2, certain=False)
    assert find_violation([maybe, read(1, 3, 4)], 0) is None
    assert find_violation([maybe, read(0, 3, 4), read(1, 5, 6)], 0) is not None


@st.composite
def histories(draw):
    operations = []
    for _ in range(draw(st.integers(1, 5))):
        invoked = draw(st.integers(0, 6))
        certain = draw(st.booleans())
        returned = draw(st.integers(invoked, 8)) if certain else draw(st.sampled_from([8, NEVER]))
        value = draw(st.integers(0, 2))
        if draw(st.booleans()):
            operations.append(write(value, invoked, returned, certain))
        else:
            operations.append(read(value, invoked, min(returned, 9)))
    return operations


@given(histories())
def test_it_says_what_trying_every_order_says(operations):
    assert (find_violation(operations, 0) is None) == any(
        is_possible(order) for order in every_order(operations)
    )


def every_order(operations):
    certain = [each for each in operations if each.certain]
    others = [each for each in operations if not each.certain]
    for count in range(len(others) + 1):
        for some in itertools.combinations(others, count):
            yield from itertools.permutations([*certain, *some])


def is_possible(order):
    if any(later.returned < earlier.invoked for earlier, later in itertools.combinations(order, 2)):
        return False
    state = 0
    for operation in order:
        state = operation.apply(state)
        if state is None:
            return False
    return True
