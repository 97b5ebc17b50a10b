"""The migrations lead to the declared documents and indexes, and back."""

from collections.abc import AsyncIterator

import pytest
from bson import Int64

from backends.mongo.connection import open_schema_editor
from backends.mongo.migrations import MongoMigrations
from backends.mongo.schema_editor import SchemaEditor, detect_drift
from conformance.defaults import settings_for
from core.clock import now
from core.errors import ConfigurationError

pytestmark = pytest.mark.only("mongodb")


@pytest.fixture
async def editor(blank_url: str) -> AsyncIterator[SchemaEditor]:
    """The schema of an empty database."""
    async with open_schema_editor(settings_for(blank_url)) as editor:
        yield editor


@pytest.fixture
def migrations(blank_url: str) -> MongoMigrations:
    """The migrations of the same database."""
    return MongoMigrations(lambda: open_schema_editor(settings_for(blank_url)))


async def test_head_revision_matches_the_documents(migrations: MongoMigrations, editor: SchemaEditor) -> None:
    await migrations.up()
    assert detect_drift(await editor.describe()) == []


async def test_downgrade_and_upgrade_restore_the_schema(migrations: MongoMigrations, editor: SchemaEditor) -> None:
    await migrations.up()
    for revision in reversed([revision.id for revision in migrations.history()][:-1]):
        await migrations.down("-1")
        assert await migrations.current() == revision
        assert detect_drift(await editor.describe()) != []
    await migrations.up()
    assert detect_drift(await editor.describe()) == []


async def test_downgrade_to_0002_drops_tickets(migrations: MongoMigrations, editor: SchemaEditor) -> None:
    await migrations.up("0003")
    before = set(detect_drift(await editor.describe()))
    await migrations.down("0002")
    assert set(detect_drift(await editor.describe())) - before == {"tickets: missing"}


async def test_downgrade_that_forgets_refunds_is_refused(migrations: MongoMigrations, editor: SchemaEditor) -> None:
    await migrations.up()
    payment = {"status": "refunded", "amount": Int64(5), "refunded_amount": Int64(5), "account_id": None}
    times = {"created_at": now(), "updated_at": now(), "version": 1}
    await editor.collection("payments").insert(
        [{"_id": 1, "order_id": 1, "method": "card", "reference": None, **payment, **times}]
    )
    with pytest.raises(ConfigurationError, match="cannot keep refunds"):
        await migrations.down("0004")
    assert await migrations.current() == "0005"
