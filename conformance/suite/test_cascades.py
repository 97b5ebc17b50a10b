"""A change that is one of those who refer to it too, at the moment in which somebody begins to refer to it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from conformance.interleaving import Pause, held, overlap, within
from conformance.shop import Shop
from core.errors import UnknownReference
from core.services.versioning import bump_version
from core.storage import Storage, Transaction

Act = Callable[[Transaction], Awaitable[Any]]


async def put_below(tx: Transaction) -> bool:
    category = await tx.categories.lock(2)
    await tx.categories.save(bump_version(replace(category, parent_id=1)))
    return True


async def put_in(tx: Transaction) -> bool:
    product = await tx.products.lock(1)
    await tx.products.save(bump_version(replace(product, category_id=1)))
    return True


async def tag_it(tx: Transaction) -> bool:
    post, found = await tx.posts.lock(1), await tx.tags.by_names(["old"])
    await tx.posts.save(bump_version(replace(post, tags=[tag.name for tag in found])), found)
    return bool(found)


async def delete_category(tx: Transaction) -> None:
    await tx.categories.delete(1)


async def delete_tag(tx: Transaction) -> None:
    await tx.tags.delete(1)


async def rename_tag(tx: Transaction) -> None:
    await tx.tags.save(bump_version(replace(await tx.tags.lock(1), name="new")))


class Case(NamedTuple):
    """Two units of work; then ``field`` of what ``url`` shows is ``after`` in that order, ``without`` in the other."""

    refer: Act
    ripple: Act
    url: str
    field: str
    after: Any
    without: Any


CASES = {
    "a parent deleted": Case(put_below, delete_category, "/categories/2", "parent_id", None, None),
    "a category deleted": Case(put_in, delete_category, "/products/1", "category_id", None, None),
    "a tag deleted": Case(tag_it, delete_tag, "/posts/1", "tags", [], []),
    "a tag renamed": Case(tag_it, rename_tag, "/posts/1", "tags", ["new"], []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_concurrent_reference_is_cascaded_to(case: Case, shop: Shop, storage: Storage) -> None:
    await shop.category()
    await shop.category()
    await shop.product()
    await shop.tag(name="old")
    await shop.article(await shop.user())

    async def first(tx: Transaction, pause: Pause) -> bool:
        referred: bool = await case.refer(tx)
        await pause()
        return referred

    async with held(storage, first) as referring:
        rippling = asyncio.create_task(storage.run(case.ripple))
        await overlap(rippling)
        try:
            expected = (3, case.after) if await referring.end() else (2, case.without)
        except UnknownReference:
            expected = (1, case.without)
        await within(rippling)
    found = await shop.get(case.url)
    assert (found["version"], found[case.field]) == expected
