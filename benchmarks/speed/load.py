"""The load generator: connections that send a request as soon as the last one is answered.

Written on uvloop and plain sockets, because it must make new requests (each bulk needs new SKUs) and must not limit
the measurement: ``measure_ceiling`` shows that it is about ten times faster than any application here.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Outcome:
    """The outcome of a run.

    Attributes:
        latencies: seconds, of each response with the expected status.
        failures: number of other responses, by status.
        elapsed: seconds from the first request to the last response.
    """

    latencies: list[float] = field(default_factory=list)
    failures: dict[int, int] = field(default_factory=dict)
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Expected responses per second."""
        return len(self.latencies) / self.elapsed


class _Client(asyncio.Protocol):
    """One connection, which sends its requests one after the other."""

    def __init__(self, make: Callable[[], bytes | None], status: int, outcome: Outcome) -> None:
        self._make, self._status, self._outcome = make, str(status).encode(), outcome
        self._buffer = bytearray()
        self._missing_bytes = -1  # bytes of the body still to come; -1 while the head is incomplete
        self._sent = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._send_next()

    def _send_next(self) -> None:
        request = self._make()
        if request is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self._buffer.clear()
        self._missing_bytes = -1
        self._sent = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing_bytes >= 0:
            self._missing_bytes -= len(data)
        else:
            self._buffer += data
            head, end, body = self._buffer.partition(HEAD_END)
            if not end:
                return
            self._missing_bytes = _content_length(head) - len(body)
        if self._missing_bytes <= 0:
            self._record()
            self._send_next()

    def _record(self) -> None:
        seconds, status = perf_counter() - self._sent, bytes(self._buffer[9:12])
        if status == self._status:
            self._outcome.latencies.append(seconds)
        else:
            self._outcome.failures[int(status)] = self._outcome.failures.get(int(status), 0) + 1

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


def _content_length(head: bytearray) -> int:
    lowered = bytes(head).lower()
    start = lowered.index(b"content-length:") + 15
    return int(lowered[start:].split(b"\r", 1)[0])


async def run(  # noqa: PLR0913 - the parameters of a load
    port: int,
    make: Callable[[], bytes],
    *,
    status: int,
    connections: int,
    seconds: float,
    max_requests: int | None = None,
) -> Outcome:
    """Send requests for so many seconds, at most ``max_requests``, and wait for all responses."""
    outcome, loop, sent = Outcome(), asyncio.get_running_loop(), 0
    started = perf_counter()

    def next_request() -> bytes | None:
        nonlocal sent
        if perf_counter() - started > seconds or sent == max_requests:
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


async def measure_ceiling(seconds: float) -> float:
    """Requests per second to a server that returns a constant packet, on the same core."""
    response = b"HTTP/1.1 200 OK\r\ncontent-length: 300\r\n\r\n" + b"x" * 300

    class Echo(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport: asyncio.Transport = transport  # type: ignore[assignment]

        def data_received(self, _data: bytes) -> None:
            self._transport.write(response)

    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
        return (await run(port, lambda: request, status=200, connections=16, seconds=seconds)).rate
    finally:
        server.close()
