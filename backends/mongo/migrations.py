"""The schema's revisions: which exist, which one a database is at, and the lock of a process that migrates."""

import asyncio
import contextlib
import importlib
import pkgutil
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from typing_extensions import override

from backends.mongo.collection import Collection
from backends.mongo.errors import ConstraintViolation
from backends.mongo.schema_editor import SchemaEditor, detect_drift
from core import clock
from core.errors import ConfigurationError, Unavailable, Unsupported
from core.storage import Migrations, Revision

REVISIONS = "schema_migrations"
"""The collection with a document per applied revision, whose id is the revision's, and with the lock."""

_STEPS = "migrations.mongo.versions"
_LOCK = "lock"
_LEASE = timedelta(seconds=30)
_LOCK_TIMEOUT_SECONDS = 600.0

OpenSchemaEditor = Callable[[], AbstractAsyncContextManager[SchemaEditor]]


@dataclass(frozen=True, slots=True)
class Step:
    """A revision and its module, which has ``up`` and ``down``."""

    revision: Revision
    module: Any


def load_steps() -> list[Step]:
    """All steps, first to last. A module is named by its revision and subject: ``0001_initial``."""
    found = []
    for info in sorted(pkgutil.iter_modules(importlib.import_module(_STEPS).__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{_STEPS}.{info.name}")
        title = (module.__doc__ or info.name).strip().splitlines()[0].rstrip(".")
        found.append(Step(Revision(info.name.partition("_")[0], title), module))
    return found


class MongoMigrations(Migrations):
    """The migrations of a database. ``up`` and ``down`` raise ConfigurationError for an unknown revision."""

    def __init__(self, open_editor: OpenSchemaEditor) -> None:
        self._open_editor = open_editor

    @override
    def history(self) -> Sequence[Revision]:
        return [step.revision for step in load_steps()]

    @override
    async def current(self) -> str | None:
        async with self._open_editor() as editor:
            return await fetch_revision(editor.collection(REVISIONS))

    @override
    async def up(self, target: str = "head") -> None:
        steps = load_steps()
        goal = len(steps) if target == "head" else _position(target)
        async with self._open_editor() as editor:
            revisions = editor.collection(REVISIONS)
            if _position(await fetch_revision(revisions)) >= goal:
                return
            async with migration_lock(revisions):
                for step in steps[_position(await fetch_revision(revisions)) : goal]:
                    await step.module.up(editor)
                    done = {"_id": step.revision.id, "title": step.revision.title, "applied_at": clock.now()}
                    await revisions.insert([done])

    @override
    async def down(self, target: str) -> None:
        async with self._open_editor() as editor:
            revisions = editor.collection(REVISIONS)
            async with migration_lock(revisions):
                position = _position(await fetch_revision(revisions))
                goal = max(0, position - 1) if target == "-1" else _position(None if target == "base" else target)
                for step in reversed(load_steps()[goal:position]):
                    await step.module.down(editor)
                    await revisions.delete({"_id": step.revision.id})

    @override
    async def differences(self) -> Sequence[str]:
        async with self._open_editor() as editor:
            return [one for one in detect_drift(await editor.describe()) if not one.endswith("is unknown")]

    @override
    def script(self, span: str) -> str:
        raise Unsupported("MongoDB has no script language: its migrations are run, not printed.")


def _position(revision: str | None) -> int:
    """The number of steps up to a revision."""
    known = [None, *(step.revision.id for step in load_steps())]
    if revision not in known:
        listed = ", ".join(key for key in known if key)
        raise ConfigurationError(f"There is no schema revision {revision!r} here. Known revisions: {listed}.")
    return known.index(revision)


async def fetch_revision(revisions: Collection) -> str | None:
    """The revision that a database is at; None before the first."""
    found = await revisions.find({"_id": {"$ne": _LOCK}}, {"_id": 1}, order=[("_id", -1)], limit=1)
    return found[0]["_id"] if found else None


@asynccontextmanager
async def migration_lock(revisions: Collection) -> AsyncIterator[None]:
    """Exclude other processes that migrate the same database, after waiting for them.

    The lock is a lease of 30 seconds, renewed while it is held: after a crash, others wait until it has expired.

    Raises:
        Unavailable: another process has held it for ten minutes.
    """
    owner = uuid.uuid4().hex
    await _acquire_lock(revisions, owner)
    renewal = asyncio.create_task(_renew_lock(revisions, owner))
    try:
        yield
    finally:
        renewal.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewal
        await revisions.delete({"_id": _LOCK, "owner": owner})


async def _acquire_lock(revisions: Collection, owner: str) -> None:
    try:
        async with asyncio.timeout(_LOCK_TIMEOUT_SECONDS):
            while not await _try_lock(revisions, owner):  # noqa: ASYNC110 - the other is another process
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise Unavailable("Another process is migrating the database.") from None


async def _try_lock(revisions: Collection, owner: str) -> bool:
    lease: dict[str, Any] = {"owner": owner, "until": clock.now() + _LEASE}
    if await revisions.update_one({"_id": _LOCK, "until": {"$lt": clock.now()}}, {"$set": lease}):
        return True
    try:
        await revisions.insert([{"_id": _LOCK, **lease}])
    except ConstraintViolation:
        return False
    return True


async def _renew_lock(revisions: Collection, owner: str) -> None:
    while True:
        await asyncio.sleep(_LEASE.total_seconds() / 3)
        await revisions.update_one({"_id": _LOCK, "owner": owner}, {"$set": {"until": clock.now() + _LEASE}})
