"""The mandatory guarantees, which every storage must have, between two storages on one store."""

import asyncio
from dataclasses import replace

import pytest

from conformance.interleaving import (
    Pause,
    Rollback,
    StoragePair,
    add_product,
    add_tag,
    add_user,
    no_pause,
    paused,
    run_overlapping,
    tag_names,
    wait_briefly,
    wait_for,
)
from core import clock
from core.entities import AccountDraft, Product, ProductDraft
from core.errors import Duplicate, NotFound, StillReferenced, TransientConflict, UnknownReference
from core.services.versioning import bump_version, change
from core.storage import PageRequest, ProductFilter, Storage, Transaction
from core.storage.sorts import NEWEST_FIRST


async def products(storage: Storage) -> list[Product]:
    return (await storage.products.page(ProductFilter(), PageRequest(NEWEST_FIRST, size=100))).items


@pytest.mark.needs("transactions")
async def test_unit_of_work_is_atomic_across_entities(storages: StoragePair) -> None:
    kept = await storages.first.run(lambda tx: add_product(tx, "Kept", stock=5))

    async def work(tx: Transaction, fails: bool) -> None:
        user = await add_user(tx, "ada")
        await tx.accounts.add(AccountDraft(user_id=user.id, balance=100), clock.now())
        await add_tag(tx, "News")
        await tx.products.adjust_stock({kept.id: -1}, clock.now())
        if fails:
            raise Rollback

    with pytest.raises(Rollback):
        await storages.first.run(lambda tx: work(tx, fails=True))
    for storage in storages:
        assert await products(storage) == [kept]
        assert (await storage.users.active_count(), await tag_names(storage)) == (0, [])
        with pytest.raises(NotFound):
            await storage.accounts.get(1)
    await storages.first.run(lambda tx: work(tx, fails=False))
    for storage in storages:
        assert (await storage.products.get(kept.id)).stock_quantity == 4
        assert (await storage.users.active_count(), await tag_names(storage)) == (1, ["News"])


@pytest.mark.needs("isolated")
async def test_uncommitted_writes_are_invisible(storages: StoragePair) -> None:
    product = await storages.first.run(lambda tx: add_product(tx, "Product"))

    async def write(tx: Transaction, pause: Pause) -> None:
        await change(tx.products, product.id, {"stock_quantity": 7})
        await add_product(tx, "Other")
        await add_tag(tx, "News")
        await pause()
        raise Rollback

    async def read(tx: Transaction) -> Product:
        return await tx.products.get(product.id)

    async with paused(storages.first, write) as writing:
        reads = [products(storage) for storage in storages] + [tag_names(storage) for storage in storages]
        seen = asyncio.gather(*reads)
        within_units = asyncio.gather(*(storage.run(read) for storage in storages))
        await wait_briefly(asyncio.gather(seen, within_units))
        with pytest.raises(Rollback):
            await writing.finish()
    assert await wait_for(seen) == [[product], [product], [], []]  # at once or later: it was never committed
    assert await wait_for(within_units) == [product, product]


@pytest.mark.needs("unique_keys")
@pytest.mark.parametrize("rolled_back", [False, True])
async def test_concurrent_equal_keys_give_one_duplicate(storages: StoragePair, rolled_back: bool) -> None:
    async def first(tx: Transaction, pause: Pause) -> None:
        await add_product(tx, "First")
        await pause()
        if rolled_back:
            raise Rollback

    async def second(tx: Transaction) -> None:
        draft = ProductDraft(name="Second", slug="second", sku="FIRST", price=100)
        await tx.products.add([draft], clock.now())

    results = await run_overlapping(storages, first, second)
    stored = [product.name for product in await products(storages.second)]
    if rolled_back:
        assert isinstance(results[0], Rollback)
        assert (results[1], stored) == (None, ["Second"])
    else:
        [error] = [result for result in results if result is not None]
        assert isinstance(error, Duplicate)
        assert error.fields == ("sku",)
        assert stored == (["First"] if error is results[1] else ["Second"])


@pytest.mark.needs("references")
@pytest.mark.parametrize("deleted_first", [True, False])
async def test_concurrent_delete_keeps_references_valid(storages: StoragePair, deleted_first: bool) -> None:
    user = await storages.first.run(lambda tx: add_user(tx, "ada"))

    async def delete(tx: Transaction, pause: Pause) -> None:
        await tx.users.delete(user.id, clock.now())
        await pause()

    async def refer(tx: Transaction, pause: Pause) -> None:
        await tx.accounts.add(AccountDraft(user_id=user.id), clock.now())
        await pause()

    first, second = (delete, refer) if deleted_first else (refer, delete)
    results = await run_overlapping(storages, first, lambda tx: second(tx, no_pause))
    deleting, referring = results if deleted_first else reversed(results)
    if referring is None:
        assert isinstance(deleting, StillReferenced)
        assert (await storages.second.accounts.get(1)).user_id == user.id
        assert await storages.second.users.get(user.id) == user
    else:
        assert deleting is None
        assert isinstance(referring, UnknownReference)
        assert [error.field for error in referring.errors] == ["user_id"]
        with pytest.raises(NotFound):
            await storages.second.accounts.get(1)


@pytest.mark.needs("guarded_writes")
async def test_concurrent_changes_are_serialized(storages: StoragePair) -> None:
    product = await storages.first.run(lambda tx: add_product(tx, "Product", stock=10))

    async def first(tx: Transaction, pause: Pause) -> None:
        locked = await tx.products.lock(product.id)
        await pause()
        await tx.products.save(bump_version(replace(locked, stock_quantity=locked.stock_quantity + 1)))

    async def second(tx: Transaction) -> None:
        locked = await tx.products.lock(product.id)
        await tx.products.save(bump_version(replace(locked, stock_quantity=locked.stock_quantity * 2)))

    assert await run_overlapping(storages, first, second) == [None, None]
    stored = await storages.first.products.get(product.id)
    assert stored.version == 3
    assert stored.stock_quantity in (22, 21)  # in one order or the other, and nothing is lost


@pytest.mark.needs("guarded_writes")
async def test_save_of_another_version_conflicts(storages: StoragePair) -> None:
    product = await storages.first.run(lambda tx: add_product(tx, "Product"))

    async def skip_a_version(tx: Transaction) -> None:
        locked = await tx.products.lock(product.id)
        with pytest.raises(TransientConflict):
            await tx.products.save(replace(locked, stock_quantity=9, version=locked.version + 2))
        raise Rollback

    with pytest.raises(Rollback):
        await storages.first.run(skip_a_version)
    assert await storages.second.products.get(product.id) == product


@pytest.mark.needs("read_your_writes")
async def test_committed_write_is_visible_to_later_reads(storages: StoragePair) -> None:
    product = await storages.first.run(lambda tx: add_product(tx, "Product", stock=0))
    for number in range(1, 26):
        writer, reader = storages if number % 2 else reversed(storages)

        async def write(tx: Transaction, number: int = number) -> None:
            await change(tx.products, product.id, {"stock_quantity": number})
            assert (await tx.products.get(product.id)).stock_quantity == number

        await writer.run(write)
        assert (await reader.products.get(product.id)).stock_quantity == number
        assert [found.stock_quantity for found in await products(reader)] == [number]
        assert (await reader.run(lambda tx: tx.products.lock(product.id))).stock_quantity == number
