"""The one place where endpoints get what the application owns."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from api.peers import house_of
from core.entities import User
from core.passwords import PasswordHasher
from core.services.sessions import Sessions
from core.settings import Settings
from core.storage import Backend, Storage
from core.tokens import Tokens


async def _storage(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


async def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


async def _head(request: Request) -> str | None:
    head: str | None = request.app.state.head
    return head


async def _hasher(request: Request) -> PasswordHasher:
    hasher: PasswordHasher = request.app.state.hasher
    return hasher


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


@dataclass(frozen=True, slots=True)
class Current:
    """Who has logged in, and the session that the request belongs to."""

    user: User
    session: str = field(repr=False)


async def _session(request: Request) -> str | None:
    tokens: Tokens = request.app.state.tokens
    claims = tokens.read(request.headers.get("authorization", "").partition(" ")[2].strip())
    return claims.session if claims else None


async def _address(request: Request) -> str:
    return house_of(request.client.host) if request.client else ""


async def _current(request: Request) -> Current:
    session = await _session(request)
    assert session is not None  # noqa: S101 - the table of access lets nobody else come here
    return Current(request.state.user, session)


StorageDep = Annotated[Storage, Depends(_storage)]
BackendDep = Annotated[Backend, Depends(_backend)]
HeadDep = Annotated[str | None, Depends(_head)]
HasherDep = Annotated[PasswordHasher, Depends(_hasher)]
SettingsDep = Annotated[Settings, Depends(_settings)]
SessionsDep = Annotated[Sessions, Depends(_sessions)]
SessionDep = Annotated[str | None, Depends(_session)]
"""The session that the request belongs to; None where nobody has logged in."""
AddressDep = Annotated[str, Depends(_address)]
"""What counts as one address at the other end of the connection."""
CurrentDep = Annotated[Current, Depends(_current)]
"""Only for what the table of access keeps from whoever has not logged in."""
