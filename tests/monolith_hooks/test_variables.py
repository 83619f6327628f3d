import pytest
import tensorflow as tf

from monolith_hooks.variables import state_variable

tf1 = tf.compat.v1


def test_a_state_variable_is_in_its_collection_alone_and_is_not_trained():
    local = tf1.GraphKeys.LOCAL_VARIABLES
    with tf.Graph().as_default():
        variable = state_variable("stop", False, local)
        assert tf1.get_collection(local) == [variable]
        assert tf1.global_variables() == []
        assert tf1.trainable_variables() == []


def test_a_partitioner_of_the_callers_scope_does_not_reach_it():
    halves = tf1.fixed_size_partitioner(2)
    with tf.Graph().as_default(), tf1.variable_scope("model", partitioner=halves):
        variable = state_variable("bits", [False] * 4, tf1.GraphKeys.LOCAL_VARIABLES)
        assert (variable.name, variable.shape) == ("model/bits:0", [4])


def test_a_scope_has_one_variable_of_a_name():
    local = tf1.GraphKeys.LOCAL_VARIABLES
    with tf.Graph().as_default():
        state_variable("stop", False, local)
        with pytest.raises(ValueError, match="stop already exists"):
            state_variable("stop", False, local)
        with tf1.variable_scope("another"):
            assert state_variable("stop", False, local).name == "another/stop:0"
