"""A parameter server in a process of its own that has TensorFlow and nothing of ours.

Prints its address when it listens. ``grow <bytes>`` on stdin makes its memory grow,
``shrink`` gives it back; each is answered with a line. It ends with its stdin.
"""

import sys

import tensorflow as tf

server = tf.distribute.Server({"local": ["localhost:0"]}, job_name="local", task_index=0)
print(server.target.removeprefix("grpc://"), flush=True)  # noqa: T201 - the answer is the protocol
ballast = b""
for line in sys.stdin:
    command, *size = line.split()
    ballast = b"\1" * int(size[0]) if command == "grow" else b""
    print(command, flush=True)  # noqa: T201 - the answer is the protocol
