"""Import of TensorFlow without its log output, for the commands."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from parity.base.host import require_reference


def quiet_tensorflow() -> None:
    """Import TensorFlow, which takes seconds; call before any other import of it.

    Raises:
        PortUnavailableError: This host lacks what TensorFlow needs.
    """
    require_reference()
    from absl import logging as _  # noqa: F401, PLC0415 - it makes the logger "absl" its own way

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    quiet_grpc()
    for name in ("absl", "tensorflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with held_back_unless_it_fails(), collected_afterwards():
        import tensorflow  # noqa: F401, PLC0415


@contextmanager
def collected_afterwards() -> Iterator[None]:
    """Put off garbage collections during the block, and exempt what it made from later ones.

    An import makes a million objects and hardly any garbage; collections take a fifth of its time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()


def quiet_grpc() -> None:
    """Keep gRPC's own log off stderr; call before the first import of it."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")


@contextmanager
def held_back_unless_it_fails() -> Iterator[None]:
    """Hold back the process's stderr during the block, and show it if the block raises.

    TensorFlow's output during its import comes from C++, before any log level applies.
    """
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            with os.fdopen(os.dup(shown), "wb") as stderr:
                shutil.copyfileobj(kept, stderr)
            raise
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)
