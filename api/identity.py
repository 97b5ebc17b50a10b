"""Who asks: somebody who has logged in, or anybody."""

from fastapi import Request

from core.entities import User
from core.errors import Unauthenticated
from core.services.sessions import authenticate

_LOG_IN = "Log in: this is not for everybody."
_EXPIRED = "This access token is not valid, or not any more. Log in again."
_ONE_TOKEN = 1


async def identify(request: Request) -> User | None:
    """The user whose access token comes with a request; None where it brings none. Takes a round trip for a token.

    Leaves the user in the request's state, as ``user``.

    Raises:
        Unauthenticated: it brings one that is not valid, or not any more.
    """
    given = request.headers.getlist("authorization")
    if not given:
        return None
    scheme, _, bearer = given[0].partition(" ")
    user = None
    if len(given) == _ONE_TOKEN and scheme.lower() == "bearer":
        user = await authenticate(request.app.state.storage, request.app.state.tokens, bearer.strip())
    if user is None:
        raise Unauthenticated(_EXPIRED, challenge='Bearer error="invalid_token"')
    request.state.user = user
    return user


async def require_user(request: Request) -> User:
    """As ``identify``.

    Raises:
        Unauthenticated: also where there is no token.
    """
    user = await identify(request)
    if user is None:
        raise Unauthenticated(_LOG_IN)
    return user
