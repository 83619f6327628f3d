"""Ops that time tensors and watch the memory of the process that they run in.

Upstream has these as C++ ops. Here they are built from ops of stock TensorFlow, so
that they also run on a parameter server in another process that doesn't import this
package.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import tensorflow as tf
from absl import flags
from google.protobuf import descriptor_pb2

from monolith_hooks import logging_ops_pb2

_MEM_LIMIT_FLAG: Final = "monolith_default_machine_info_mem_limit"
_NO_LIMIT: Final = 1 << 62
_KEY: Final = 0
_MEMORY_LINE: Final = r"^\C*\nVmRSS:[ \t]*([0-9]+) kB\n\C*$"
r"""The last line with the resident memory, in bytes that may not be text (B79).

``\C`` is RE2's pattern for any byte; ``.`` matches only characters of valid UTF-8, and the first
line has the process's name, which the kernel may cut within a character. The last line is used
because on a kernel that doesn't escape line ends a name may look like a line of its own.
"""

flags.DEFINE_integer(
    _MEM_LIMIT_FLAG,
    _NO_LIMIT,
    "Memory limit in bytes of a machine info that is created without one.",
)


def tensors_timestamp(tensors: Any) -> tuple[Any, tf.Tensor]:
    """Return the same tensors, and the time at which all of them were available.

    Args:
        tensors: A tensor or a structure of tensors of any shapes.

    Returns:
        The structure with tensors of the same values, which are available only after
        the time was taken; and the time as an int64 scalar in microseconds since
        the Unix epoch, by the clock of the process that runs the op.
    """
    with tf.control_dependencies(tf.nest.flatten(tensors)):
        timestamp = tf.cast(tf.timestamp() * 1e6, tf.int64)
    with tf.control_dependencies([timestamp]):
        return tf.nest.map_structure(tf.identity, tensors), timestamp


def emit_timer(key: str, value: Any, tags: Mapping[str, str] | None = None) -> tf.Operation:
    """Return an op that logs ``timer <key>{<tag>=<value>,...} <value>`` at INFO.

    The line goes to TensorFlow's log in the process that runs the op. Upstream sends
    timers to a metrics service instead, for which stock TensorFlow has no op. Nothing is
    logged from TF_CPP_MIN_LOG_LEVEL=1 on.

    Args:
        key: The name of the timer.
        value: A numeric scalar, in the unit that the key implies.
        tags: Tags that distinguish timers of one key, in the order of the mapping.
    """
    labels = ",".join(f"{name}={tag}" for name, tag in (tags or {}).items())
    name = f"timer {key}{{{labels}}} " if labels else f"timer {key} "
    line = tf.strings.join([name, tf.strings.as_string(value)])
    return tf.raw_ops.PrintV2(input=line, output_stream="log(info)")


def machine_info(mem_limit: int | None = None, shared_name: str | None = None) -> tf.Tensor:
    """Return the memory limit of the machine that this op is placed on (B1, B2).

    The resource is a hash table of one entry. Running this op creates it. If it already
    exists, its limit stays: a second initialisation with the same number of entries is
    ignored, under the table's own lock, so the first of several concurrent creators wins.

    Args:
        mem_limit: In bytes; None is the present value of the flag
            ``monolith_default_machine_info_mem_limit`` in this process.
        shared_name: Ops with the same name on one device share the resource; without a
            name each op has a resource of its own.

    Returns:
        A resource scalar, for ``check_machine_health``.

    Raises:
        ValueError: The limit is outside int64.
    """
    limit = default_mem_limit() if mem_limit is None else mem_limit
    if not tf.int64.min <= limit <= tf.int64.max:
        raise ValueError(f"mem_limit must be within int64, it is {limit}.")
    with tf.name_scope("machine_info"):
        table = tf.raw_ops.HashTableV2(
            key_dtype=tf.int64, value_dtype=tf.int64, shared_name=shared_name or ""
        )
        with tf.compat.v1.get_default_graph().colocate_with(table.op):
            initialize = tf.raw_ops.InitializeTableV2(
                table_handle=table,
                keys=tf.constant([_KEY], tf.int64),
                values=tf.constant([limit], tf.int64),
            )
            with tf.control_dependencies([initialize]):
                return tf.identity(table)


def check_machine_health(machine_info_tensor: tf.Tensor) -> tf.Tensor:
    """Return an op that checks the machine info's process against its limit (B3, B4).

    Args:
        machine_info_tensor: The result of ``machine_info``.

    Returns:
        A string scalar: empty if healthy, else a serialized MachineHealthResult.
        Running it raises NotFoundError on a host without ``/proc``, which only Linux
        has, and InvalidArgumentError if ``/proc`` doesn't show the process's memory.
    """
    graph = tf.compat.v1.get_default_graph()
    with tf.name_scope("check_machine_health"), graph.colocate_with(machine_info_tensor.op):
        limit = tf.raw_ops.LookupTableFindV2(
            table_handle=machine_info_tensor,
            keys=tf.constant(_KEY, tf.int64),
            default_value=tf.constant(0, tf.int64),
        )
        current = _resident_bytes()
        return tf.where(current >= limit, _out_of_memory(current, limit), "")


def default_mem_limit() -> int:
    """Return the default limit in bytes: the flag's value in this process, else 2^62 (B2)."""
    # FLAGS.name raises before the flags are parsed. The flag itself then has its default,
    # or the value that a test or a notebook has set.
    value = flags.FLAGS[_MEM_LIMIT_FLAG].value
    return _NO_LIMIT if value is None else int(value)


def _resident_bytes() -> tf.Tensor:
    """Return the memory of the process that runs the op, an int64 scalar in bytes."""
    # A file of constant name is read once and folded into a constant, despite control
    # dependencies. This name is the same each time, but TensorFlow can't know that.
    nothing = tf.strings.substr(tf.strings.as_string(tf.timestamp()), 0, 0)
    status = tf.io.read_file(tf.strings.join(["/proc/self/status", nothing]))
    kilobytes = tf.where(
        tf.strings.regex_full_match(status, _MEMORY_LINE),
        tf.strings.regex_replace(status, _MEMORY_LINE, r"\1"),
        "no VmRSS line in /proc/self/status",  # Not a number, so the error shows it.
    )
    return tf.strings.to_number(kilobytes, tf.int64) * 1024


def _out_of_memory(current: tf.Tensor, limit: tf.Tensor) -> tf.Tensor:
    """Return a serialized MachineHealthResult, a string scalar."""
    message = tf.strings.join(
        [
            "Memory limit exceeded. Current: ",
            tf.strings.as_string(current),
            ", Limit: ",
            tf.strings.as_string(limit),
        ]
    )
    status = tf.constant(logging_ops_pb2.MachineHealthResult.OUT_OF_MEMORY, tf.int32)
    files = descriptor_pb2.FileDescriptorSet()
    logging_ops_pb2.DESCRIPTOR.CopyToProto(files.file.add())
    # The op carries the descriptor, which a server in another process doesn't have.
    # The op takes a batch: shapes are [batch, repeats], and sizes is [batch, fields].
    batch = tf.io.encode_proto(
        sizes=[[1, 1]],
        values=[tf.reshape(status, [1, 1]), tf.reshape(message, [1, 1])],
        field_names=["status", "message"],
        message_type=logging_ops_pb2.MachineHealthResult.DESCRIPTOR.full_name,
        descriptor_source=b"bytes://" + files.SerializeToString(),
    )
    return tf.reshape(batch, [])
