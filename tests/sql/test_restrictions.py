"""Which reference restricted a deletion, on tables of the declarations without the foreign keys' actions."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Executable, create_engine, select
from typing_extensions import override

from backends.sql import violations
from backends.sql.schema import metadata, table_of
from backends.sql.statement import CachedStatement, Params, QueryExecutor
from backends.sql.types import UtcDateTime
from backends.sql.violations import find_restriction
from core import clock
from core.entities import ACCOUNT, ENTITY_TYPES, ORDER, PAYMENT, USER, EntityType, EntityTypes, OnDelete
from core.entities.entity_type import Reference
from core.errors import StillReferenced, TransientConflict


class ConnectionExecutor(QueryExecutor):
    """Runs queries on a connection of SQLAlchemy."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @override
    async def rows(self, statement: Executable | CachedStatement, params: Params = None) -> Sequence[Any]:
        assert isinstance(statement, Executable)
        return self._connection.execute(statement).all()


@pytest.fixture
def connection() -> Iterator[Connection]:
    with create_engine("sqlite://").connect() as connection:
        metadata.create_all(connection)
        add(connection, USER, id=1)
        yield connection


def add(connection: Connection, entity_type: EntityType[Any], **values: Any) -> None:
    """Insert a row; the required columns that are not given are 1 or the present."""
    missing = [c for c in table_of(entity_type).c if not c.nullable and c.name not in values]
    rest = {c.name: clock.now() if isinstance(c.type, UtcDateTime) else 1 for c in missing}
    connection.execute(table_of(entity_type).insert().values(rest | values))


async def diagnose(connection: Connection, user_id: int) -> Any:
    ids = select(table_of(USER).c.id).where(table_of(USER).c.id == user_id)
    return await find_restriction(USER, ids, ConnectionExecutor(connection))


async def test_own_referrer_is_named(connection: Connection) -> None:
    add(connection, ACCOUNT, user_id=1, balance=0)
    found = await diagnose(connection, 1)
    assert isinstance(found, StillReferenced)
    assert str(found) == str(StillReferenced("user", "accounts"))


async def test_referrer_of_cascaded_entity_is_named(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = replace(PAYMENT, references=[Reference("order_id", "orders", OnDelete.RESTRICT)])
    types = EntityTypes([payment if one is PAYMENT else one for one in ENTITY_TYPES])
    monkeypatch.setattr(violations, "ENTITY_TYPES", types)
    add(connection, ORDER, id=7, user_id=1, status="pending")
    add(connection, PAYMENT, order_id=7, method="card", status="completed")
    found = await diagnose(connection, 1)
    assert isinstance(found, StillReferenced)
    assert str(found) == str(StillReferenced("order", "payments"))


async def test_referrer_that_is_gone_is_a_conflict(connection: Connection) -> None:
    add(connection, ACCOUNT, user_id=2, balance=0)
    assert isinstance(await diagnose(connection, 1), TransientConflict)
