"""HTTP/1.1 as uvicorn speaks it, with the bounds that it lacks: on the head of a request, in bytes and in seconds."""

from asyncio import BaseTransport, TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 65_536
"""Bytes that may come before they make sense: a URL and headers, a trailer, the frame of a chunk."""

HEAD_TIMEOUT = 10.0
"""Seconds in which they must make sense; also those that a new connection may be silent for."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedHttp(HttpToolsProtocol):
    """Hangs up on who sends heads without end, or never gets to the end of one. Costs nothing where a head is whole."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pending = 0
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._deadline = self.loop.call_later(HEAD_TIMEOUT, self._lose_patience)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._pending += len(data)
        super().data_received(data)
        if not self._pending:
            self._forget_deadline()
        elif self._pending > MAX_HEAD:
            self._hang_up(_TOO_LARGE)
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_TIMEOUT, self._lose_patience)

    def on_headers_complete(self) -> None:
        self._pending = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._pending = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._pending = 0
        super().on_message_complete()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _lose_patience(self) -> None:
        self._hang_up(_TOO_SLOW if self._pending else b"")

    def _hang_up(self, words: bytes) -> None:
        self._forget_deadline()
        if not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:  # not into the middle of an answer
                self.transport.write(words)
            self.transport.close()
