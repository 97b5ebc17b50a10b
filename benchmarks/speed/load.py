"""The load: connections that send a request as soon as the last one is answered.

Written here, on uvloop and bare sockets, because the load must be one piece of code for all requests (each bulk needs
SKUs of its own) and must not be what is measured: it answers ``ceiling`` how fast it is by itself, some ten times
faster than any application here.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Outcome:
    """What a run of the load met.

    Attributes:
        latencies: seconds, of each answer that was as expected.
        failures: by status, how many were not.
        elapsed: seconds from the first request to the last answer.
    """

    latencies: list[float] = field(default_factory=list)
    failures: dict[int, int] = field(default_factory=dict)
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return len(self.latencies) / self.elapsed


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, make: Callable[[], bytes | None], status: int, outcome: Outcome) -> None:
        self._make, self._status, self._outcome = make, str(status).encode(), outcome
        self._buffer = bytearray()
        self._missing = -1  # bytes of the body still to come; -1 while the head is incomplete
        self._sent = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._next()

    def _next(self) -> None:
        request = self._make()
        if request is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self._buffer.clear()
        self._missing = -1
        self._sent = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing >= 0:
            self._missing -= len(data)
        else:
            self._buffer += data
            head, end, body = self._buffer.partition(HEAD_END)
            if not end:
                return
            self._missing = _length(head) - len(body)
        if self._missing <= 0:
            self._note()
            self._next()

    def _note(self) -> None:
        took, status = perf_counter() - self._sent, bytes(self._buffer[9:12])
        if status == self._status:
            self._outcome.latencies.append(took)
        else:
            self._outcome.failures[int(status)] = self._outcome.failures.get(int(status), 0) + 1

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


def _length(head: bytearray) -> int:
    lowered = bytes(head).lower()
    start = lowered.index(b"content-length:") + 15
    return int(lowered[start:].split(b"\r", 1)[0])


async def run(  # noqa: PLR0913 - a load has this many sides
    port: int, make: Callable[[], bytes], *, status: int, connections: int, seconds: float, most: int | None = None
) -> Outcome:
    """Send what ``make`` makes for so many seconds, or at most ``most`` times; every request sent is waited for."""
    outcome, loop, sent = Outcome(), asyncio.get_running_loop(), 0
    started = perf_counter()

    def next_request() -> bytes | None:
        nonlocal sent
        if perf_counter() - started > seconds or sent == most:
            return None
        sent += 1
        return make()

    clients = [
        (await loop.create_connection(lambda: _Client(next_request, status, outcome), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for client in clients))
    outcome.elapsed = perf_counter() - started
    return outcome


async def ceiling(seconds: float) -> float:
    """Requests per second that the load makes of a server which only sends one packet back, on the same core as it."""
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 300\r\n\r\n" + b"x" * 300

    class Echo(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport: asyncio.Transport = transport  # type: ignore[assignment]

        def data_received(self, _data: bytes) -> None:
            self._transport.write(answer)

    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
        return (await run(port, lambda: request, status=200, connections=16, seconds=seconds)).rate
    finally:
        server.close()
