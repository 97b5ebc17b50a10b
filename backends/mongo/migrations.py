"""The schema's history, and the way along it."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from backends.mongo.revisions import REVISIONS, latest, migrating
from core import clock
from core.errors import ConfigurationError, Unsupported
from core.storage import Revision

_STEPS = "migrations.mongo.versions"

Connect = Callable[[], AbstractAsyncContextManager[Any]]
"""Opens a ``Definition`` for as long as it is needed."""


@dataclass(frozen=True, slots=True)
class Step:
    """A revision and its module, which has ``up`` and ``down``."""

    revision: Revision
    module: Any


def steps() -> list[Step]:
    """All steps, first to last. A module is named by its revision and subject: ``0001_initial``."""
    found = []
    for info in sorted(pkgutil.iter_modules(importlib.import_module(_STEPS).__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{_STEPS}.{info.name}")
        title = (module.__doc__ or info.name).strip().splitlines()[0].rstrip(".")
        found.append(Step(Revision(info.name.partition("_")[0], title), module))
    return found


class MongoMigrations:
    """See ``core.storage.Migrations``."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def history(self) -> Sequence[Revision]:
        """See ``Migrations.history``."""
        return [step.revision for step in steps()]

    async def current(self) -> str | None:
        """See ``Migrations.current``."""
        async with self._connect() as definition:
            return await latest(definition.collection(REVISIONS))

    async def up(self, target: str = "head") -> None:
        """See ``Migrations.up``.

        Raises:
            ConfigurationError: there is no such revision, or the database is at one that is not known here.
        """
        ahead = steps()
        goal = len(ahead) if target == "head" else self._position(target)
        async with self._connect() as definition:
            revisions = definition.collection(REVISIONS)
            if self._position(await latest(revisions)) >= goal:
                return
            async with migrating(revisions):
                for step in ahead[self._position(await latest(revisions)) : goal]:
                    await step.module.up(definition)
                    done = {"_id": step.revision.id, "title": step.revision.title, "applied_at": clock.now()}
                    await revisions.insert([done])

    async def down(self, target: str) -> None:
        """See ``Migrations.down``; raises as ``up``."""
        async with self._connect() as definition:
            revisions = definition.collection(REVISIONS)
            async with migrating(revisions):
                position = self._position(await latest(revisions))
                goal = max(0, position - 1) if target == "-1" else self._position(None if target == "base" else target)
                for step in reversed(steps()[goal:position]):
                    await step.module.down(definition)
                    await revisions.delete({"_id": step.revision.id})

    def script(self, span: str) -> str:  # noqa: ARG002 - there is none, whatever the span
        """See ``Migrations.script``."""
        raise Unsupported("MongoDB has no script language: its migrations are run, not printed.")

    def _position(self, revision: str | None) -> int:
        """How many steps lead to a revision."""
        known = [None, *(step.revision.id for step in steps())]
        if revision not in known:
            listed = ", ".join(key for key in known if key)
            raise ConfigurationError(f"There is no schema revision {revision!r} here. Known revisions: {listed}.")
        return known.index(revision)
