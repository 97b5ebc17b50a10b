"""Use cases run on the memory backend with a stopped clock, and nothing waits: no server, no file, no sleep."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from stockroom_memory.storage import MemoryStorage, Store

from conformance.defaults import protected_settings_for
from core.passwords import PasswordHasher
from core.services.sessions import Sessions
from core.settings import Settings
from core.storage import Storage
from core.tokens import Tokens
from tests.services.contended import ContendedStorage
from tests.services.factory import Factory
from tests.services.session_client import SessionClient


@pytest.fixture(autouse=True)
def _no_waiting(tick: Callable[[timedelta], datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    """Time moves only by ``tick``; the wait before another attempt is its lower bound, 0 seconds."""
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)


@pytest.fixture
def settings() -> Settings:
    """Log-ins are on, and passwords are hashed as cheaply as possible."""
    return protected_settings_for("memory://", login_attempts=3, login_window_seconds=60)


@pytest.fixture
def store() -> Store:
    """The data, without any yet."""
    return Store()


@pytest.fixture
def storage(store: Store) -> Storage:
    """A memory storage on the store; overrides the fixture that runs a test on every database."""
    return MemoryStorage(store, 1.0)


@pytest.fixture
def contended(store: Store) -> ContendedStorage:
    """Another storage on the same store, whose units of work can be made to conflict."""
    return ContendedStorage(store)


@pytest.fixture
def hasher(settings: Settings) -> PasswordHasher:
    return PasswordHasher(settings)


@pytest.fixture
def factory(storage: Storage, hasher: PasswordHasher) -> Factory:
    return Factory(storage, hasher)


@pytest.fixture
def client(storage: Storage, settings: Settings, hasher: PasswordHasher) -> SessionClient:
    """Logs in to the storage."""
    tokens = Tokens(settings)
    return SessionClient(storage, tokens, Sessions(settings, tokens, hasher))
