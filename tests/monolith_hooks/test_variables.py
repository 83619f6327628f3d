import tensorflow as tf

from monolith_hooks.variables import state_variable

tf1 = tf.compat.v1


def test_a_state_variable_is_in_its_collections_alone_and_is_not_trained():
    local = tf1.GraphKeys.LOCAL_VARIABLES
    with tf.Graph().as_default():
        variable = state_variable(False, "stop", [local])
        assert tf1.get_collection(local) == [variable]
        assert tf1.global_variables() == []
        assert tf1.trainable_variables() == []


def test_what_a_caller_says_of_its_own_variables_does_not_reach_it():
    with tf.Graph().as_default(), tf1.variable_scope("model", reuse=True):
        assert state_variable(False, "stop", []).name == "model/stop:0"
