from __future__ import annotations

import pytest
import tensorflow as tf

from monolith_hooks.session_hooks import SetCurrentSessionHook, get_current_session

tf1 = tf.compat.v1


@pytest.fixture(autouse=True)
def _nothing_stays_current():
    yield
    SetCurrentSessionHook().end(None)


def train(config, **options):
    return tf1.train.SingularMonitoredSession(
        hooks=[SetCurrentSessionHook()], config=config, **options
    )


def test_without_a_session_there_is_no_current_one():
    assert get_current_session() is None


@pytest.mark.covers("B45a", "B45b")
def test_the_current_session_is_set_from_creation_to_a_clean_end(config):
    with tf.Graph().as_default():
        tf1.train.get_or_create_global_step()
        with train(config) as session:
            assert get_current_session() is session.raw_session()
        assert get_current_session() is None


def test_without_the_hook_the_default_session_is_the_current_one(config):
    with tf.Graph().as_default(), tf1.Session(config=config) as session:
        assert get_current_session() is session


@pytest.mark.covers("B45c")
def test_after_an_exception_the_closed_session_shadows_later_defaults(config):
    with tf.Graph().as_default():
        tf1.train.get_or_create_global_step()
        session = train(config)
        raw = session.raw_session()
        with pytest.raises(ValueError, match="body"), session:
            raise ValueError("body")
        with tf1.Session(config=config):
            assert get_current_session() is raw
