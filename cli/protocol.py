"""uvicorn's HTTP/1.1 protocol with the limits that it lacks: on the head of a request, in bytes and in seconds."""

from asyncio import BaseTransport, TimerHandle
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
"""Bytes that may arrive before they can be parsed: a URL and headers, a trailer, the frame of a chunk."""

HEAD_TIMEOUT_SECONDS = 10.0
"""In which they must be complete; also the time that a new connection may be silent for."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class LimitedHttpProtocol(HttpToolsProtocol):
    """Closes connections whose request head is too large or too slow. A head in one piece starts no timer."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pending_bytes = 0
        self._head_timer: TimerHandle | None = None

    @override
    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._start_head_timer()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        self._pending_bytes += len(data)
        super().data_received(data)
        if not self._pending_bytes:
            self._stop_head_timer()
        elif self._pending_bytes > MAX_HEAD_BYTES:
            self._close(_TOO_LARGE)
        elif self._head_timer is None:
            self._start_head_timer()

    @override
    def on_headers_complete(self) -> None:
        self._pending_bytes = 0
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        self._pending_bytes = 0
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        self._pending_bytes = 0
        super().on_message_complete()

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_SECONDS, self._on_head_timeout)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _on_head_timeout(self) -> None:
        self._close(_TIMED_OUT if self._pending_bytes else b"")

    def _close(self, response: bytes) -> None:
        self._stop_head_timer()
        if not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:  # no response is in progress
                self.transport.write(response)
            self.transport.close()
