"""Cascades: a change of an entity reaches those that refer to it, also while another transaction adds a reference."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from conformance.interleaving import Pause, paused, wait_briefly, wait_for
from conformance.shop import Shop
from core import clock
from core.errors import UnknownReference
from core.services.versioning import bump_version
from core.storage import Storage, Transaction

Work = Callable[[Transaction], Awaitable[Any]]


async def set_parent(tx: Transaction) -> bool:
    category = await tx.categories.lock(2)
    await tx.categories.save(bump_version(replace(category, parent_id=1)))
    return True


async def set_category(tx: Transaction) -> bool:
    product = await tx.products.lock(1)
    await tx.products.save(bump_version(replace(product, category_id=1)))
    return True


async def add_tag(tx: Transaction) -> bool:
    post, found = await tx.posts.lock(1), await tx.tags.by_names(["old"])
    await tx.posts.save(bump_version(replace(post, tags=[tag.name for tag in found])), found)
    return bool(found)


async def delete_category(tx: Transaction) -> None:
    await tx.categories.delete(1, clock.now())


async def delete_tag(tx: Transaction) -> None:
    await tx.tags.delete(1, clock.now())


async def rename_tag(tx: Transaction) -> None:
    before = await tx.tags.lock(1)
    after = bump_version(replace(before, name="new"))
    await tx.tags.save(after)
    await tx.posts.rename_tag(before, after, clock.now())


class Case(NamedTuple):
    """Two units of work: in that order ``field`` at ``url`` becomes ``after``, in the other order ``unreferenced``."""

    refer: Work
    cascade: Work
    url: str
    field: str
    after: Any
    unreferenced: Any


CASES = {
    "a parent deleted": Case(set_parent, delete_category, "/categories/2", "parent_id", None, None),
    "a category deleted": Case(set_category, delete_category, "/products/1", "category_id", None, None),
    "a tag deleted": Case(add_tag, delete_tag, "/posts/1", "tags", [], []),
    "a tag renamed": Case(add_tag, rename_tag, "/posts/1", "tags", ["new"], []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_concurrent_reference_is_cascaded_to(case: Case, shop: Shop, storage: Storage) -> None:
    await shop.category()
    await shop.category()
    await shop.product()
    await shop.tag(name="old")
    await shop.new_post(await shop.user())

    async def first(tx: Transaction, pause: Pause) -> bool:
        has_referred: bool = await case.refer(tx)
        await pause()
        return has_referred

    async with paused(storage, first) as referring:
        cascading = asyncio.create_task(storage.run(case.cascade))
        await wait_briefly(cascading)
        try:
            expected = (3, case.after) if await referring.finish() else (2, case.unreferenced)
        except UnknownReference:
            expected = (1, case.unreferenced)
        await wait_for(cascading)
    found = await shop.get(case.url)
    assert (found["version"], found[case.field]) == expected
