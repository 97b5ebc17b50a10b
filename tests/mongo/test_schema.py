"""The steps of the schema lead to what the documents declare, and back again."""

from collections.abc import AsyncIterator

import pytest

from backends.mongo.connection import define
from backends.mongo.definition import Definition
from backends.mongo.migrations import MongoMigrations
from backends.mongo.validation import drift
from conformance.defaults import settings_for

pytestmark = pytest.mark.only("mongodb")


@pytest.fixture
async def definition(blank_url: str) -> AsyncIterator[Definition]:
    """Of a database with nothing in it."""
    async with define(settings_for(blank_url)) as definition:
        yield definition


@pytest.fixture
def migrations(blank_url: str) -> MongoMigrations:
    """Of the same database."""
    return MongoMigrations(lambda: define(settings_for(blank_url)))


async def test_the_last_revision_is_what_the_documents_declare(
    migrations: MongoMigrations, definition: Definition
) -> None:
    await migrations.up()
    assert drift(await definition.describe()) == []


async def test_a_step_back_and_forward_again_ends_where_it_began(
    migrations: MongoMigrations, definition: Definition
) -> None:
    await migrations.up()
    for revision in reversed([revision.id for revision in migrations.history()][:-1]):
        await migrations.down("-1")
        assert await migrations.current() == revision
        assert drift(await definition.describe()) != []
    await migrations.up()
    assert drift(await definition.describe()) == []


async def test_tickets_go_with_the_step_that_brought_them(migrations: MongoMigrations, definition: Definition) -> None:
    await migrations.up("0003")
    before = set(drift(await definition.describe()))
    await migrations.down("0002")
    assert set(drift(await definition.describe())) - before == {"tickets: missing"}
