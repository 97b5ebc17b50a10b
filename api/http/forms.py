"""Form bodies, as OAuth 2.0 clients send them (RFC 6749, appendix B)."""

from email.message import Message
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

from api.middleware.body_limits import read_body

MEDIA_TYPE = "application/x-www-form-urlencoded"

_MAX_BYTES = 16_384
_MAX_FIELDS = 20


async def parse_form(request: Request) -> dict[str, str]:
    """The fields of a form that have a value, by name.

    Raises:
        HTTPException: 408, it takes too long; 413, it is too large; 415, its content type is not that of a form.
        ValueError: it is malformed, or repeats a field.
    """
    body = await read_body(request)
    if not _is_form(request.headers.get("content-type", "")):
        raise HTTPException(415, headers={"Accept": MEDIA_TYPE})
    if len(body) > _MAX_BYTES:
        raise HTTPException(413)
    pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a field is given more than once")
    return {name: value for name, value in pairs if value}


def _is_form(content_type: str) -> bool:
    message = Message()
    message["content-type"] = content_type
    charset = message.get_content_charset("utf-8")
    return message.get_content_type() == MEDIA_TYPE and charset in ("utf-8", "utf8")
