"""Checks of what a peer says of checkpoints: their names, state files, info and inputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from parity.interop.peers.peer import InteropPeer
from parity.interop.report import unequal
from parity.spec.interop import Look, LookedInfo

_PORT: Final = 4711
"""Every look has a port; nothing here depends on it."""

_PATHS: Final = ("model.ckpt-10", "model.ckpt-2", "other.ckpt-4", "/elsewhere/x-+3", "gone-2")
"""Checkpoints of a state file, whatever their basenames and folders."""
_LATEST: Final = (
    (None, 10, None), ("m-10", 10, "m-10"), ("m-20", 10, "m-10"), (None, 5, "m-10"),
    (None, 20, "m-20"), ("m-30", 20, "m-20"), (None, 15, "m-20"), (None, 21, "m-30"),
    ("", 21, "m-30"), (None, 22, None), (None, 21, None), ("m-40", 21, "m-40"),
    ("m-50", 21, "m-40"), (r"m-\303\244\x41\"\'\101", 23, "m-\u00e4A\"'A"),
)  # fmt: skip
"""What is written into a state file (``""``: it is removed), the step that the latest state is
asked for with, and the checkpoint that it names."""
_PREFIXES: Final = {
    "d/m.ckpt-12": 12, "m.ckpt": 0, "d-3/m.ckpt": None, "m-x": None, "m-+7": 7, "m- 8 ": 8,
    "m-1_0": 10, "m-1__0": None, "m-_1": None, "d-1/m-2": 2, "m-007": 7, "/m-1-2": 2, "m-": None,
    "m.ckpt-\u00b2": None, "": 0, "d-": None,
}  # fmt: skip
"""Prefixes, and the steps that they name."""
_EXEMPT: Final = ("gone-1", "model.ckpt-2", "model.ckpt-3", "plain", "x.y-4")
"""Exempt paths of a ``monolith_checkpoint``."""
_EXEMPT_FILES: Final = ("model.index", "model.ckpt-2.index", "model.ckpt-30.index", "x.y-4")
"""Files beside it: ``model.ckpt-2`` has its index there, ``x.y-4`` is there by its own name."""
_INFOS: Final = {5: 5, None: 0, 0: 0, 2**40: 2**40}
"""Steps of info, and the ones under which inputs are saved with it."""
_INPUTS: Final = {
    (0, 1): (0,), (1, 1): (1,), (2, 1): (1,), (2, 2): (1, 2), (1, 2): None, (1, 0): (),
}  # fmt: skip
"""Numbers of iterators that are saved and that are restored, and the elements they give next."""


def checkpoints(peer: InteropPeer, folder: Path) -> Iterator[str]:
    """Yield a sentence for each observation that differs; ``folder`` is empty.

    Raises:
        PeerError: The peer can't look.
    """
    yield from _names(peer, folder)
    yield from _latest_states(peer, folder / "latest")
    yield from _exempt(peer, folder / "exempt")
    yield from _inputs(peer, folder)


def _names(peer: InteropPeer, folder: Path) -> Iterator[str]:
    listed = [_PATHS[0], *_PATHS]
    state = [f'{"all_" if i else ""}model_checkpoint_path{"s" if i else ""}: "{path}"\n'
             for i, path in enumerate(listed)]  # fmt: skip
    (folder / "checkpoint").write_text("".join(state))
    (folder / "model.ckpt-99.index").touch()
    basename = f"{folder}/model.ckpt"
    asked = Look(port=_PORT, basename=basename, prefixes=tuple(_PREFIXES))
    seen = peer.look(asked).checkpoints
    yield from unequal("prefix", f"{basename}-7", seen.prefix)
    yield from unequal("folder of assets", f"{basename}-7.assets/", seen.asset_dir)
    yield from unequal("steps with a checkpoint", (2, 3, 4, 10), seen.existing)
    yield from unequal("restored step", None, seen.restored)
    yield from unequal("steps of prefixes", tuple(_PREFIXES.values()), seen.steps)
    named = peer.look(Look(port=_PORT, basename=f"{folder}/m[o]del.ckpt")).checkpoints
    yield from unequal("steps of another basename", (2, 3, 4, 10), named.existing)
    root = peer.look(Look(port=_PORT, basename="/no-such-model.ckpt")).checkpoints
    yield from unequal("prefix in the root folder", "/no-such-model.ckpt-7", root.prefix)
    yield from unequal("steps in the root folder", None, root.existing)
    nowhere = peer.look(Look(port=_PORT, basename=f"{folder}/gone/model.ckpt")).checkpoints
    yield from unequal("steps in no folder", None, nowhere.existing)


def _latest_states(peer: InteropPeer, folder: Path) -> Iterator[str]:
    """Check when a state is read anew, and when the kept one is returned."""
    folder.mkdir()
    state = folder / "checkpoint"
    for number, (written, step, wanted) in enumerate(_LATEST, start=1):
        if written == "":
            state.unlink()
        elif written is not None:
            state.write_text(f'model_checkpoint_path: "{written}"')
        asked = Look(port=_PORT, basename=f"{folder}/model.ckpt", latest_step=step)
        path = wanted and f"{folder}/{wanted}"
        seen = peer.look(asked).checkpoints.latest
        yield from unequal(f"latest state of step {step}, look {number}", path, seen)


def _exempt(peer: InteropPeer, folder: Path) -> Iterator[str]:
    """Check which exempt paths of ``monolith_checkpoint`` are checkpoints."""
    folder.mkdir()
    asked = Look(port=_PORT, basename=f"{folder}/model.ckpt")
    yield from unequal("exempt paths without a file", None, peer.look(asked).checkpoints.exempt)
    for name in _EXEMPT_FILES:
        (folder / name).touch()
    lines = (f'exempt_model_checkpoint_paths: "{path}"\n' for path in _EXEMPT)
    (folder / "monolith_checkpoint").write_text(
        "builtin_hash_table_type: CUCKOO_HASH_MAP\n" + "".join(lines)
    )
    wanted = tuple(f"{folder}/{name}" for name in ("model.ckpt-2", "x.y-4"))
    yield from unequal("exempt paths", wanted, peer.look(asked).checkpoints.exempt)


def _inputs(peer: InteropPeer, folder: Path) -> Iterator[str]:
    """Check the steps under which inputs are saved, and how many of them can be restored."""
    asked = Look(
        port=_PORT, basename=f"{folder}/model.ckpt", infos=tuple(_INFOS), inputs=tuple(_INPUTS)
    )
    seen = peer.look(asked).graphs
    infos = (LookedInfo(step=step, saved=saved) for step, saved in _INFOS.items())
    wanted = (LookedInfo(step=None, saved=0), *infos)
    yield from unequal("info and inputs' steps", wanted, seen.infos)
    yield from unequal("restored inputs", tuple(_INPUTS.values()), seen.inputs)
