"""Imports TensorFlow without its chatter, for the commands."""

from __future__ import annotations

import logging
import os

from absl import logging as _absl_logging  # noqa: F401 - it makes the logger "absl" its own way


def quiet_tensorflow() -> None:
    """Call before the first import of TensorFlow, which takes seconds."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Calls go to this machine only, whatever proxy there is for others.
    os.environ["no_grpc_proxy"] = "127.0.0.1,::1"  # noqa: SIM112 - gRPC spells it so
    for name in ("absl", "tensorflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
