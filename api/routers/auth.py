"""Logging in and out. These paths exist only where ``AUTH=required``."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from fastapi import Request, Response

from api import problems
from api.auth.permissions import PUBLIC, Audience, Permission
from api.dependencies import AddressDep, CurrentSessionDep, SessionsDep, StorageDep
from api.http import forms
from api.openapi import problem_responses
from api.routing import Router
from core.entities import PasswordChange
from core.errors import InvalidGrant, TooManyAttempts, WrongPassword
from core.services.sessions import Sessions, TokenPair, log_out
from core.storage import Storage

router = Router("auth")

OWN_SESSION = Permission(audience=Audience.USER, description="its own session or password")

_TEXT = {"type": "string"}
_SECRET = {"type": "string", "format": "password"}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            forms.MEDIA_TYPE: {
                "schema": {
                    "title": "TokenForm",
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": ["password", "refresh_token"]},
                        "username": {**_TEXT, "description": "Username or e-mail address, for `password`."},
                        "password": {**_SECRET, "description": "For `password`."},
                        "refresh_token": {**_SECRET, "description": "For `refresh_token`."},
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAnswer:
    """The tokens of a session (RFC 6749, section 5.1).

    Attributes:
        access_token: to be sent with each request, as in `Authorization: Bearer …`.
        token_type: always `bearer`.
        expires_in: seconds until the access token expires.
        refresh_token: exchanged for the next tokens, once.
    """

    access_token: str = field(repr=False)
    token_type: str = "bearer"  # noqa: S105 - a kind, not a token
    expires_in: int
    refresh_token: str = field(repr=False)


class _InvalidTokenRequest(Exception):
    """An invalid request for a token, with its error code of RFC 6749, section 5.2."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error, self.detail = error, detail


@router.post(
    "/token",
    permission=PUBLIC,
    response_model=TokenAnswer,
    openapi_extra=_FORM,
    responses=problem_responses(InvalidGrant, TooManyAttempts),
)
async def create_token(request: Request, storage: StorageDep, sessions: SessionsDep, address: AddressDep) -> Response:
    """Log in, or refresh a session.

    OAuth2 with a form as the body: `grant_type=password` with `username` (or e-mail address) and `password`, or
    `grant_type=refresh_token` with `refresh_token`. A refresh token can be used once; a second use ends the session.
    An error is a problem with one more member, `error` (RFC 6749, section 5.2). Unknown fields are ignored.
    """
    try:
        tokens = await _grant(await _form(request), storage, sessions, address)
    except InvalidGrant as error:
        return _error_response(request, "invalid_grant", InvalidGrant.title, error.detail)
    except _InvalidTokenRequest as error:
        return _error_response(request, error.error, "Bad token request", error.detail)
    answer = TokenAnswer(
        access_token=tokens.access_token, expires_in=tokens.seconds, refresh_token=tokens.refresh_token
    )
    return Response(json.dumps(asdict(answer)), 200, {"Cache-Control": "no-store"}, "application/json")


async def _form(request: Request) -> dict[str, str]:
    try:
        return await forms.parse_form(request)
    except ValueError:
        raise _InvalidTokenRequest(
            "invalid_request", "The body is not a form, or has a field more than once."
        ) from None


async def _grant(form: dict[str, str], storage: Storage, sessions: Sessions, address: str) -> TokenPair:
    match form:
        case {"grant_type": "password", "username": name, "password": password}:
            return await sessions.log_in(storage, name, password, address)
        case {"grant_type": "refresh_token", "refresh_token": token}:
            return await sessions.refresh(storage, token)
        case {"grant_type": "password"}:
            raise _InvalidTokenRequest("invalid_request", "The grant needs username and password.")
        case {"grant_type": "refresh_token"}:
            raise _InvalidTokenRequest("invalid_request", "The grant needs refresh_token.")
        case {"grant_type": _}:
            raise _InvalidTokenRequest("unsupported_grant_type", "The grant must be password or refresh_token.")
    raise _InvalidTokenRequest("invalid_request", "grant_type is missing.")


def _error_response(request: Request, error: str, title: str, detail: str) -> Response:
    code = error.replace("_", "-")
    more = {"error": error}
    headers = {"Cache-Control": "no-store"}
    return problems.respond(request.scope, 400, code, title, detail, headers=headers, more=more)


@router.post("/logout", permission=OWN_SESSION, status_code=204)
async def log_out_of_session(storage: StorageDep, current: CurrentSessionDep) -> None:
    """Log out: the session ends at once, with its access and refresh tokens."""
    await log_out(storage, current.session)


@router.put(
    "/password", permission=OWN_SESSION, status_code=204, responses=problem_responses(WrongPassword, TooManyAttempts)
)
async def change_password(
    given: PasswordChange, storage: StorageDep, sessions: SessionsDep, current: CurrentSessionDep, address: AddressDep
) -> None:
    """Change the user's own password.

    Every other session of the user ends.
    """
    await sessions.change_password(storage, current.user, current.session, given, address)
