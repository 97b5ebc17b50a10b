"""A TCP proxy in front of a database server, to cut the way to it, or to make it long."""

import asyncio
from contextlib import suppress
from time import monotonic
from typing import Self
from urllib.parse import urlsplit

from conformance.processes.ports import PortPool


class Proxy:
    """Passes bytes on until it is cut; serves the event loop it was first awaited in.

    Attributes:
        url: as the one given, but through the proxy.
        delay: seconds by which each answer of the server is late.
    """

    delay = 0.0

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._ports = PortPool()
        self._port = self._ports.acquire()
        login, _, _ = self._target.netloc.rpartition("@")
        self.url = self._target._replace(netloc=f"{login}@127.0.0.1:{self._port}").geturl()
        self._listener: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()
        self._ports.release()

    async def cut(self) -> None:
        """End every connection and refuse new ones."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for end in self._ends:
            end.transport.abort()
        await asyncio.sleep(0.05)  # for both sides to notice

    async def mend(self) -> None:
        """Accept connections again."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self._port)

    def hold(self) -> None:
        """Accept whatever comes, and pass nothing on, like a server that hangs."""
        self._flows.clear()

    def release(self) -> None:
        """Pass on again, first what was held."""
        self._flows.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._ends |= {writer, there[1]}
        await asyncio.gather(self._pass(reader, there[1]), self._pass(there[0], writer, late=True))
        self._ends -= {writer, there[1]}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, late: bool = False) -> None:
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(16)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._receive(reader, pieces, late=late))
            both.create_task(self._send(pieces, writer))

    async def _receive(
        self, reader: asyncio.StreamReader, pieces: asyncio.Queue[tuple[float, bytes]], *, late: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await pieces.put((monotonic() + (self.delay if late else 0), data))
        await pieces.put((0, b""))

    async def _send(self, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        """Each piece leaves once its time has come, so those of one answer are late together."""
        with suppress(OSError):
            while (piece := await pieces.get())[1]:
                await asyncio.sleep(max(piece[0] - monotonic(), 0))
                await self._flows.wait()
                writer.write(piece[1])
                await writer.drain()
        writer.close()
