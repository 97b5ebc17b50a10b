"""Dependencies: how endpoints get what belongs to the application and to the request."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from api.client_address import client_network
from core.entities import User
from core.passwords import PasswordHasher
from core.services.readiness import WriteCheck
from core.services.sessions import Sessions
from core.settings import Settings
from core.storage import Backend, Storage
from core.tokens import Tokens

STORAGE = "storage"
"""Key of the request's state under which its route leaves the storage that the request may use."""


async def _storage(request: Request) -> Storage:
    storage: Storage = request.scope["state"][STORAGE]
    return storage


async def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


async def _head(request: Request) -> str | None:
    head: str | None = request.app.state.head
    return head


async def _write_check(request: Request) -> WriteCheck:
    check: WriteCheck = request.app.state.write_check
    return check


async def password_hasher(request: Request) -> PasswordHasher:
    """The hasher of passwords; a request whose endpoint depends on it holds a password."""
    hasher: PasswordHasher = request.app.state.hasher
    return hasher


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


@dataclass(frozen=True, slots=True)
class CurrentSession:
    """The user that has logged in, and the session that the request belongs to."""

    user: User
    session: str = field(repr=False)


async def _session(request: Request) -> str | None:
    tokens: Tokens = request.app.state.tokens
    claims = tokens.read(request.headers.get("authorization", "").partition(" ")[2].strip())
    return claims.session if claims else None


async def _address(request: Request) -> str:
    return client_network(request.client.host) if request.client else ""


async def _current_session(request: Request) -> CurrentSession:
    session = await _session(request)
    assert session is not None  # noqa: S101 - the endpoint's permission has required a user
    return CurrentSession(request.state.user, session)


StorageDep = Annotated[Storage, Depends(_storage)]
"""The storage as the user may use it."""
BackendDep = Annotated[Backend, Depends(_backend)]
WriteCheckDep = Annotated[WriteCheck, Depends(_write_check)]
HeadDep = Annotated[str | None, Depends(_head)]
HasherDep = Annotated[PasswordHasher, Depends(password_hasher)]
SettingsDep = Annotated[Settings, Depends(_settings)]
SessionsDep = Annotated[Sessions, Depends(_sessions)]
SessionDep = Annotated[str | None, Depends(_session)]
"""The session that the request belongs to; None without a token."""
AddressDep = Annotated[str, Depends(_address)]
"""What counts as one address of a client."""
CurrentSessionDep = Annotated[CurrentSession, Depends(_current_session)]
"""Only for endpoints whose permission requires a user."""
