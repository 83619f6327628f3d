"""What a scenario leaves out isn't handed on."""

from __future__ import annotations

from parity.players.python.job_hooks import set_options
from parity.spec.hooks import Saver


def handed_on(saver: Saver):
    return set_options(saver, is_dense_only=("dense_only", saver.dense_only))


def test_what_is_left_out_is_left_to_the_hook():
    assert handed_on(Saver(first_save=True)) == {}


def test_what_is_given_is_handed_on_under_the_hooks_name_also_if_it_is_the_default():
    assert handed_on(Saver(dense_only=True)) == {"is_dense_only": True}
    assert handed_on(Saver(dense_only=False)) == {"is_dense_only": False}
