"""Changing one entity: lock, change, save.

A caller may say which versions of the entity its change is meant for. That is checked once the entity is locked, so
that nobody can come in between.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from core import clock
from core.entities import Record
from core.errors import PreconditionFailed

R = TypeVar("R", bound=Record)

Versions = frozenset[int] | None
"""The versions of an entity that a change is meant for; None for any."""


class Lockable(Protocol[R]):
    """The part of a repository that a change needs."""

    async def lock(self, id: int) -> R: ...
    async def save(self, entity: R) -> None: ...


class Deletable(Lockable[R], Protocol[R]):
    """The part of a repository that a deletion needs."""

    async def delete(self, id: int) -> None: ...


async def locked(repository: Lockable[R], id: int, expected: Versions) -> R:
    """Lock an entity.

    Raises:
        PreconditionFailed: it is at another version than expected.
    """
    return require(await repository.lock(id), expected)


def require(entity: R, expected: Versions) -> R:
    """A locked entity.

    Raises:
        PreconditionFailed: it is at another version than expected.
    """
    if expected is not None and entity.version not in expected:
        raise PreconditionFailed
    return entity


async def delete(repository: Deletable[R], id: int, expected: Versions) -> None:
    """Delete an entity; only where a version is expected is it read before."""
    if expected is not None:
        await locked(repository, id, expected)
    await repository.delete(id)


def changed(entity: R, changes: Mapping[str, Any]) -> R | None:
    """``entity`` after ``changes``, one version up; None where nothing would be different."""
    after = replace(entity, **changes)
    return None if after == entity else touched(after)


def touched(entity: R) -> R:
    """``entity`` one version up, changed now; never dated before it was dated already."""
    return replace(entity, version=entity.version + 1, updated_at=max(clock.now(), entity.updated_at))


async def change(repository: Lockable[R], id: int, changes: Mapping[str, Any], expected: Versions = None) -> R:
    """Lock an entity, change it, and save it where that makes a difference."""
    return await save_changes(repository, await locked(repository, id, expected), changes)


async def save_changes(repository: Lockable[R], entity: R, changes: Mapping[str, Any]) -> R:
    """Save a locked entity where ``changes`` make a difference."""
    after = changed(entity, changes)
    if after is None:
        return entity
    await repository.save(after)
    return after
