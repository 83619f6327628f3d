"""Links between processes that can be cut, stalled or slowed: proxies on this machine.

Concurrency. One thread runs an event loop, which alone touches connections. The methods of
`Links` may be called by any thread, and return once the loop has done what they ask for.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal

from parity.players.cluster.cluster import LOOPBACK

Mode = Literal["open", "cut", "stall", "slow"]
"""``cut``: connections are closed, and new ones too. ``stall``: bytes are kept back.
``slow``: each chunk comes late."""

_CHUNK: Final = 1 << 16
_OPEN_SECONDS: Final = 0.003
"""As between machines; it also keeps a job from taking all of this one's time for its steps."""
_SLOW_SECONDS: Final = 0.05
_END_SECONDS: Final = 5


class _Link:
    """The mode of a pair of processes, and their connections in both directions."""

    def __init__(self) -> None:
        self.mode: Mode = "open"
        self.changed = asyncio.Condition()
        self.writers: set[asyncio.StreamWriter] = set()

    async def set(self, mode: Mode) -> None:
        async with self.changed:
            self.mode = mode
            self.changed.notify_all()
        if mode == "cut":
            for writer in tuple(self.writers):
                writer.transport.abort()

    async def until_passable(self) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.mode != "stall")
        await asyncio.sleep(_SLOW_SECONDS if self.mode == "slow" else _OPEN_SECONDS)


class Links:
    """All links of a job. It is a context manager, which ends them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._links: dict[str, _Link] = {}
        self._servers: list[asyncio.Server] = []

    def __enter__(self) -> Links:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(TimeoutError):
            self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_END_SECONDS)
        self._loop.close()

    def proxy(self, link: str, upstream: Callable[[], tuple[str, int]]) -> str:
        """Return the address of a proxy on this link.

        Args:
            link: The link's name. Several proxies may be on one.
            upstream: Returns where a new connection goes, at once and on any thread.
        """
        return self._do(self._listen(link, upstream))

    def set(self, link: str, mode: Mode) -> None:
        """Set the mode of all connections of a link."""
        self._do(self._set(link, mode))

    async def _set(self, link: str, mode: Mode) -> None:
        await self._link(link).set(mode)

    def _link(self, name: str) -> _Link:
        return self._links.setdefault(name, _Link())

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_END_SECONDS)

    async def _listen(self, name: str, upstream: Callable[[], tuple[str, int]]) -> str:
        link = self._link(name)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _carry(link, reader, writer, upstream)

        server = await asyncio.start_server(connected, LOOPBACK, 0, limit=_CHUNK)
        self._servers.append(server)
        return f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for link in self._links.values():
            for writer in tuple(link.writers):
                writer.transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _carry(
    link: _Link,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    upstream: Callable[[], tuple[str, int]],
) -> None:
    """Carry bytes in both directions, until either end closes."""
    if link.mode == "cut":
        writer.transport.abort()
        return
    try:
        there_reader, there_writer = await asyncio.open_connection(*upstream(), limit=_CHUNK)
    except OSError:
        writer.transport.abort()
        return
    ends = {writer, there_writer}
    link.writers |= ends
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_pump(link, reader, there_writer))
            both.create_task(_pump(link, there_reader, writer))
    except* OSError:
        pass
    finally:
        link.writers -= ends
        for end in ends:
            end.transport.abort()


async def _pump(link: _Link, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK):
        await link.until_passable()
        sink.write(data)
        await sink.drain()
    raise ConnectionResetError  # One direction's end is the connection's: it ends the other.
