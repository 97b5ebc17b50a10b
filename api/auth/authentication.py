"""Authentication: the user whose access token a request brings."""

from fastapi import Request

from core.entities import User
from core.errors import Unauthenticated
from core.services.sessions import authenticate

_REQUIRED = "Authentication is required."
_INVALID = "The access token is invalid or expired. Log in again."


class InvalidToken(Unauthenticated):
    """The request brings an access token that is not valid, or no longer."""


async def get_current_user_or_none(request: Request) -> User | None:
    """The user whose access token the request brings; None without a token. One round trip for a token.

    Also left in the request's state, as ``user``.

    Raises:
        InvalidToken: the token is not valid, or no longer.
    """
    headers = request.headers.getlist("authorization")
    if not headers:
        return None
    scheme, _, token = headers[0].partition(" ")
    user = None
    if len(headers) == 1 and scheme.lower() == "bearer":
        user = await authenticate(request.app.state.storage, request.app.state.tokens, token.strip())
    if user is None:
        raise InvalidToken(_INVALID)
    request.state.user = user
    return user


async def require_user(request: Request) -> User:
    """As ``get_current_user_or_none``.

    Raises:
        Unauthenticated: also without a token.
    """
    user = await get_current_user_or_none(request)
    if user is None:
        raise Unauthenticated(_REQUIRED)
    return user
