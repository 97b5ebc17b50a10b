"""Changing one entity: lock, change, save."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from core import clock
from core.entities import Record

R = TypeVar("R", bound=Record)


class Lockable(Protocol[R]):
    """The part of a repository that a change needs."""

    async def lock(self, id: int) -> R: ...
    async def save(self, entity: R) -> None: ...


def changed(entity: R, changes: Mapping[str, Any]) -> R | None:
    """``entity`` after ``changes``, one version up; None where nothing would be different."""
    after = replace(entity, **changes)
    return None if after == entity else touched(after)


def touched(entity: R) -> R:
    """``entity`` one version up, changed now; never dated before it was dated already."""
    return replace(entity, version=entity.version + 1, updated_at=max(clock.now(), entity.updated_at))


async def change(repository: Lockable[R], id: int, changes: Mapping[str, Any]) -> R:
    """Lock an entity, change it, and save it where that makes a difference."""
    return await save_changes(repository, await repository.lock(id), changes)


async def save_changes(repository: Lockable[R], entity: R, changes: Mapping[str, Any]) -> R:
    """Save a locked entity where ``changes`` make a difference."""
    after = changed(entity, changes)
    if after is None:
        return entity
    await repository.save(after)
    return after
