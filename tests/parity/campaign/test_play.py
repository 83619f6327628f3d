"""What a campaign's run does beside the job."""

from __future__ import annotations

import threading

import pytest

from parity.campaign.play import _run


def test_an_error_of_one_of_its_threads_ends_a_run_once_the_others_are_done():
    done, failed = [], threading.Event()

    def fail():
        failed.set()
        raise TimeoutError("the link can't be cut")

    def work():
        failed.wait(30)
        done.append(True)

    with pytest.raises(TimeoutError, match="the link can't be cut"):
        _run(fail, work)
    assert done == [True]
