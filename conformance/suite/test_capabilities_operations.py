"""The optional operations: they work where they are declared, and raise ``Unsupported`` where they are not."""

from collections.abc import Sequence
from functools import partial
from itertools import count
from random import Random

import pytest

from conformance.defaults import settings_for
from conformance.interleaving import StoragePair, add_product, add_tag, tag_names, wait_for
from core import clock
from core.entities import ProductDraft
from core.errors import StockroomError, Unsupported
from core.plugins import Registry
from core.settings import Settings
from core.storage import Migrations, Storage, Transaction


class Rollback(Exception):
    """Undoes what it leaves."""


# Savepoints


async def roll_back_part(tx: Transaction) -> None:
    async with tx.savepoint():
        await add_tag(tx, "Undone")
        assert [tag.name for tag in await tx.tags.by_names(["undone"])] == ["Undone"]
        raise Rollback


@pytest.mark.needs("savepoints")
async def test_savepoint_rolls_back_only_its_part(storages: StoragePair) -> None:
    async def work(tx: Transaction) -> None:
        await add_tag(tx, "Before")
        async with tx.savepoint():
            await add_tag(tx, "Kept")
        with pytest.raises(Rollback):
            await roll_back_part(tx)
        assert await tx.tags.by_names(["undone"]) == []
        await add_tag(tx, "After")

    await storages.first.run(work)
    assert await tag_names(storages.second) == ["Before", "Kept", "After"]


@pytest.mark.needs("savepoints")
async def test_work_continues_after_failed_savepoint(storage: Storage) -> None:
    await storage.run(lambda tx: add_tag(tx, "News"))

    async def work(tx: Transaction) -> None:
        with pytest.raises(StockroomError):
            async with tx.savepoint():
                await add_tag(tx, "News")
        await add_tag(tx, "Other")

    await storage.run(work)
    assert await tag_names(storage) == ["News", "Other"]


@pytest.mark.needs("savepoints")
async def test_released_savepoint_rolls_back_with_unit(storage: Storage) -> None:
    async def work(tx: Transaction) -> None:
        async with tx.savepoint():
            await add_tag(tx, "News")
        raise Rollback

    with pytest.raises(Rollback):
        await storage.run(work)
    assert await tag_names(storage) == []


@pytest.mark.lacks("savepoints")
async def test_undeclared_savepoint_is_unsupported(storage: Storage) -> None:
    async def work(tx: Transaction) -> None:
        await add_tag(tx, "Before")
        with pytest.raises(Unsupported):
            async with tx.savepoint():
                await add_tag(tx, "Within")
        await add_tag(tx, "After")

    await storage.run(work)
    assert await tag_names(storage) == ["Before", "After"]


# Migrations


@pytest.fixture
def migrations(blank_url: str, registry: Registry) -> Migrations:
    """The migrations of a blank store."""
    settings = settings_for(blank_url)
    return registry.choose(settings).migrations(settings)


@pytest.mark.needs("downgrades")
async def test_schema_downgrades_by_step_or_to_base(migrations: Migrations) -> None:
    ids = [None, *(revision.id for revision in migrations.history())]
    await migrations.up()
    assert await migrations.current() == ids[-1]
    await migrations.down("-1")
    assert await migrations.current() == ids[-2]
    await migrations.up()
    await migrations.down("base")
    assert await migrations.current() is None
    await migrations.up()
    assert await migrations.current() == ids[-1]
    assert list(await migrations.differences()) == []


@pytest.mark.needs("downgrades")
async def test_downgrade_to_base_deletes_data(blank_url: str, registry: Registry, migrations: Migrations) -> None:
    settings = settings_for(blank_url)
    for _ in range(2):
        await migrations.up()
        storage = await registry.choose(settings).open(settings)
        assert await tag_names(storage) == []
        await storage.run(lambda tx: add_tag(tx, "News"))
        await storage.close()
        await migrations.down("base")


@pytest.mark.lacks("downgrades")
async def test_undeclared_downgrade_is_unsupported(storage: Storage, settings: Settings, registry: Registry) -> None:
    migrations = registry.choose(settings).migrations(settings)
    before = await migrations.current()
    await storage.run(lambda tx: add_tag(tx, "News"))
    for target in ("base", "-1"):
        with pytest.raises(Unsupported):
            await migrations.down(target)
    assert await migrations.current() == before
    assert await tag_names(storage) == ["News"]


@pytest.mark.needs("offline_migrations")
async def test_migration_script_leaves_store_untouched(migrations: Migrations) -> None:
    head = migrations.history()[-1].id
    whole_script = migrations.script("base:head")
    assert whole_script.strip()
    assert whole_script == migrations.script(f"base:{head}")
    assert len({whole_script, migrations.script("head:base"), migrations.script("head:head")}) == 3
    assert await migrations.current() is None


@pytest.mark.lacks("offline_migrations")
async def test_undeclared_script_is_unsupported(migrations: Migrations) -> None:
    for revisions in ("base:head", "head:base"):
        with pytest.raises(Unsupported):
            migrations.script(revisions)


# Size


@pytest.mark.needs("reports_size")
async def test_storage_reports_its_size(storage: Storage) -> None:
    before = await storage.size()
    assert isinstance(before, int)
    assert before > 0
    assert await wait_for(grow(storage, before)) < before + 1000 * 2**20


async def add_all(drafts: Sequence[ProductDraft], tx: Transaction) -> None:
    await tx.products.add(drafts, clock.now())


async def grow(storage: Storage, before: int) -> int:
    """The size once it exceeds ``before``; the first rows may fit into space that was freed earlier."""
    random = Random(1)
    for batch in count():
        drafts = [
            ProductDraft(
                name=f"Product {batch}-{number}",
                slug=f"p-{batch}-{number}",
                sku=f"P-{batch}-{number}",
                price=1,
                description="".join(map(chr, random.choices(range(0x4E00, 0x9FFF), k=5_000))),  # hard to compress
            )
            for number in range(100)
        ]
        await storage.run(partial(add_all, drafts))
        if (size := await storage.size()) > before:
            return size
    raise AssertionError


@pytest.mark.lacks("reports_size")
async def test_undeclared_size_is_unsupported(storage: Storage) -> None:
    await storage.run(lambda tx: add_product(tx, "Product"))
    with pytest.raises(Unsupported):
        await storage.size()
