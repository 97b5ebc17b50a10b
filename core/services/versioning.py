"""Changing one entity: lock, change, save.

A caller may say which versions of the entity its change is meant for. That is checked while the entity is locked, so
that no other change can happen in between.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from core import clock
from core.entities import VersionedEntity
from core.errors import PreconditionFailed

R = TypeVar("R", bound=VersionedEntity)

ExpectedVersions = frozenset[int] | None
"""The versions of an entity that a change is meant for; None for any."""


class Lockable(Protocol[R]):
    """The part of a repository that a change needs."""

    async def lock(self, id: int) -> R: ...
    async def save(self, entity: R) -> None: ...


class Deletable(Lockable[R], Protocol[R]):
    """The part of a repository that a deletion needs."""

    async def delete(self, id: int, at: datetime) -> None: ...


async def lock_expecting(repository: Lockable[R], id: int, expected: ExpectedVersions) -> R:
    """Lock an entity.

    Raises:
        PreconditionFailed: it is at another version than expected.
    """
    return check_version(await repository.lock(id), expected)


def check_version(entity: R, expected: ExpectedVersions) -> R:
    """A locked entity.

    Raises:
        PreconditionFailed: it is at another version than expected.
    """
    if expected is not None and entity.version not in expected:
        raise PreconditionFailed
    return entity


async def delete(repository: Deletable[R], id: int, expected: ExpectedVersions) -> None:
    """Delete an entity; only where a version is expected is it read before."""
    if expected is not None:
        await lock_expecting(repository, id, expected)
    await repository.delete(id, clock.now())


def apply_changes(entity: R, changes: Mapping[str, Any]) -> R | None:
    """``entity`` after ``changes``, one version up; None where nothing would be different."""
    after = replace(entity, **changes)
    return None if after == entity else bump_version(after)


def bump_version(entity: R) -> R:
    """``entity`` one version up, changed now; never dated before it was dated already."""
    return replace(entity, version=entity.version + 1, updated_at=max(clock.now(), entity.updated_at))


async def change(repository: Lockable[R], id: int, changes: Mapping[str, Any], expected: ExpectedVersions = None) -> R:
    """Lock an entity, change it, and save it where that makes a difference."""
    return await save_changes(repository, await lock_expecting(repository, id, expected), changes)


async def save_changes(repository: Lockable[R], entity: R, changes: Mapping[str, Any]) -> R:
    """Save a locked entity where ``changes`` make a difference."""
    after = apply_changes(entity, changes)
    if after is None:
        return entity
    await repository.save(after)
    return after
