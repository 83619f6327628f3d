"""A parameter server in a process of its own that has TensorFlow and nothing of ours.

Prints its address when it listens. ``grow <bytes>`` on stdin makes its memory grow,
``shrink`` gives it back, ``rename <hex>`` gives the process another name; each is answered
with a line. It ends with its stdin.
"""

import ctypes
import sys

import tensorflow as tf

PR_SET_NAME = 15

server = tf.distribute.Server({"local": ["localhost:0"]}, job_name="local", task_index=0)
print(server.target.removeprefix("grpc://"), flush=True)  # noqa: T201 - the answer is the protocol
ballast = b""
for line in sys.stdin:
    match line.split():
        case ["grow", size]:
            ballast = b"\1" * int(size)
        case ["shrink"]:
            ballast = b""
        case ["rename", name]:
            ctypes.CDLL(None).prctl(PR_SET_NAME, bytes.fromhex(name), 0, 0, 0)
    command = line.partition(" ")[0].strip()
    print(command, flush=True)  # noqa: T201 - the answer is the protocol
