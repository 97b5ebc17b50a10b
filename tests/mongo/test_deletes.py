"""Deletions."""

from collections.abc import Awaitable, Callable

import pytest

from core.clock import now
from core.errors import NotFound
from core.storage import Storage, Transaction, round_trips
from tests.mongo.units import CountedUnit

pytestmark = pytest.mark.only("mongodb", "mongomock")

DELETIONS: dict[str, Callable[[Transaction], Awaitable[None]]] = {
    "user": lambda tx: tx.users.delete(9, now()),
    "category": lambda tx: tx.categories.delete(9, now()),
    "product": lambda tx: tx.products.delete(9, now()),
    "tag": lambda tx: tx.tags.delete(9, now()),
}


@pytest.mark.parametrize("deletion", DELETIONS.values(), ids=DELETIONS)
async def test_delete_of_a_missing_entity_has_no_effects(
    storage: Storage, deletion: Callable[[Transaction], Awaitable[None]]
) -> None:
    with round_trips.collect() as trips, pytest.raises(NotFound):
        await storage.run(deletion)
    assert trips == ["delete", "abort"]


async def test_refused_delete_keeps_the_entity(storage: Storage) -> None:
    await storage.run(CountedUnit("kept"))

    async def delete_twice(tx: Transaction) -> None:
        [category] = await tx.categories.all()
        await tx.categories.delete(category.id, now())
        await tx.categories.delete(category.id, now())

    with pytest.raises(NotFound):
        await storage.run(delete_twice)
    assert [category.name for category in await storage.categories.all()] == ["kept"]
