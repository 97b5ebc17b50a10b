"""Statistics are made of indexes alone: rows are long, and going through them is most of what they would cost."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from backends.sql.backend import SqlBackend
from backends.sql.wires import Arguments, Wire
from core.storage import PageRequest, ProductFilter, Storage, sorts
from tests.sql.conftest import Opened
from tests.sql.neighbour import ALL, Neighbour
from tests.sql.test_plans import fill

pytestmark = pytest.mark.only(*ALL)

Ask = Callable[[Storage], Awaitable[Any]]

FIRST = PageRequest(sorts.NEWEST_FIRST, 1)
FIGURES: dict[str, Ask] = {
    "prices by category": lambda storage: storage.products.price_stats_by_category(),
    "totals by status": lambda storage: storage.orders.totals_by_status(),
    "top spenders": lambda storage: storage.users.top_spenders(10),
    "active users": lambda storage: storage.users.active_count(),
    "active products": lambda storage: storage.products.page(ProductFilter(is_active=True), FIRST),
}


class Planner:
    """A driver that notes how the database would go about each query."""

    def __init__(self, wire: Wire, dialect: str) -> None:
        self._wire, self._dialect = wire, dialect
        self.write, self.write_many, self.copy, self.command = wire.write, wire.write_many, wire.copy, wire.command
        self.tables_read: list[str] = []

    async def rows(self, connection: Any, sql: str, arguments: Arguments) -> Sequence[Any]:
        """See ``Wire``."""
        if "count(" in sql:
            self.tables_read += await _READERS[self._dialect](self._wire, connection, sql, arguments)
        return await self._wire.rows(connection, sql, arguments)


async def _sqlite(wire: Wire, connection: Any, sql: str, arguments: Arguments) -> list[str]:
    steps = [row[3] for row in await wire.rows(connection, f"EXPLAIN QUERY PLAN {sql}", arguments)]
    return [
        step for step in steps if step.startswith("SCAN ") and "COVERING" not in step and step.split()[1] in _TABLES
    ]


async def _mysql(wire: Wire, connection: Any, sql: str, arguments: Arguments) -> list[str]:
    steps = await wire.rows(connection, f"EXPLAIN FORMAT=TRADITIONAL {sql}", arguments)
    return [
        f"{step[2]}: {step[-1]}"
        for step in steps
        if "eq_ref" not in step and step[2] in _TABLES and "Using index" not in (step[-1] or "")
    ]


async def _postgresql(wire: Wire, connection: Any, sql: str, arguments: Arguments) -> list[str]:
    """Whether it could: a table of short rows it rather reads as it is."""
    await wire.command(connection, "SET enable_seqscan = off; SET enable_bitmapscan = off")
    steps = [row[0] for row in await wire.rows(connection, f"EXPLAIN {sql}", arguments)]
    return [step for step in steps if "Seq Scan on" in step or "  Index Scan using ix" in step]


_TABLES = ("products", "orders", "users")
_READERS = {"sqlite": _sqlite, "mysql": _mysql, "mariadb": _mysql, "postgresql": _postgresql}


async def test_figures_are_read_from_indexes(opened: Opened, neighbour: Neighbour) -> None:
    await fill(neighbour)
    for ask in FIGURES.values():
        assert await tables_read(opened, neighbour, ask) == []


async def test_what_needs_the_rows_is_found_out(opened: Opened, neighbour: Neighbour) -> None:
    await fill(neighbour)
    wanted = ProductFilter(search="nothing")
    assert await tables_read(opened, neighbour, lambda storage: storage.products.page(wanted, FIRST)) != []


async def tables_read(opened: Opened, neighbour: Neighbour, ask: Ask) -> list[str]:
    """Of what is asked, those steps that go through a table itself."""
    planner = Planner(neighbour.dialect.wire, neighbour.dialect.name)
    async with opened(SqlBackend(replace(neighbour.dialect, wire=planner)), pool_size=1) as storage:
        await ask(storage)
    return planner.tables_read
