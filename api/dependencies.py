"""The one place where endpoints get what the application owns."""

from typing import Annotated

from fastapi import Depends, Request

from core.passwords import PasswordHasher
from core.settings import Settings
from core.storage import Backend, Storage


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


StorageDep = Annotated[Storage, Depends(_storage)]
BackendDep = Annotated[Backend, Depends(_backend)]
HeadDep = Annotated[str | None, Depends(_head)]
HasherDep = Annotated[PasswordHasher, Depends(_hasher)]
SettingsDep = Annotated[Settings, Depends(_settings)]
