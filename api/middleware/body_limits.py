"""Limits on request bodies: their size, and the time that they take to arrive."""

from fastapi import Request
from starlette.exceptions import HTTPException

from core.settings import Settings
from core.timeouts import DeadlineTimer

_CLOSE = {"Connection": "close"}  # the rest of the body is not read
_MAX_DIGITS = 20  # of a length that is compared with the limit; the body of a longer one is counted as it arrives


async def read_body(request: Request) -> bytes:
    """The body of a request.

    Raises:
        HTTPException: 408, it takes longer than ``BODY_TIMEOUT``; 413, it is larger than ``MAX_BODY_SIZE``; 415, it is
            compressed.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise HTTPException(415, headers={"Accept-Encoding": "identity", **_CLOSE})
    settings: Settings = request.app.state.settings
    limit = settings.max_body_size
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and len(declared) < _MAX_DIGITS and int(declared) > limit:
        raise HTTPException(413, headers=_CLOSE)
    timer: DeadlineTimer = request.app.state.timer
    return await timer.wait_for(settings.body_timeout, _read(request, limit), _too_slow)


async def _read(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413, headers=_CLOSE)
    return bytes(body)


def _too_slow() -> HTTPException:
    return HTTPException(408, headers=_CLOSE)
