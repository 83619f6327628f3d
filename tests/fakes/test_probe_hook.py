"""A hook that raises, in each phase and with each kind of error."""

from __future__ import annotations

import pytest
import tensorflow as tf

from fakes.faults import FaultLedger
from fakes.probes import ProbeHook, RaiseIn

PHASES = {
    "begin": (),
    "after_create_session": (None, None),
    "before_run": (None,),
    "after_run": (None, None),
    "end": (None,),
}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("error", ["DeadlineExceededError", "AbortedError", "ValueError"])
def test_it_raises_in_the_phase_that_it_was_told_and_in_no_other(phase, error):
    ledger, seen = FaultLedger(), []
    hook = ProbeHook(seen.append, RaiseIn(phase, error, "told to", 0, 1, "here"), ledger)
    kind = getattr(tf.errors, error, ValueError)
    for name, arguments in PHASES.items():
        if name == phase:
            with pytest.raises(kind, match="told to"):
                getattr(hook, name)(*arguments)
        else:
            getattr(hook, name)(*arguments)
    assert seen == list(PHASES)
    assert ledger.triggered() == {"here": True}


def test_it_raises_as_often_as_it_was_told():
    hook = ProbeHook(
        lambda _: None, RaiseIn("end", "ValueError", "told to", 0, 2, "here"), FaultLedger()
    )
    for _ in range(2):
        with pytest.raises(ValueError, match="told to"):
            hook.end(None)
    hook.end(None)
