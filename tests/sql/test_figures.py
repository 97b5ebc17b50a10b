"""Statistics are made of indexes alone: rows are long, and going through them is most of what they would cost."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from typing_extensions import override

from backends.sql.dialects import Dialect
from backends.sql.drivers import DriverAdapter
from backends.sql.statement import Arguments
from core.storage import PageRequest, ProductFilter, Storage, sorts
from tests.sql.adapters import MeasuringAdapter
from tests.sql.conftest import Opened
from tests.sql.external_client import ALL, ExternalClient
from tests.sql.test_plans import fill

pytestmark = pytest.mark.only(*ALL)

Query = Callable[[Storage], Awaitable[Any]]

FIRST = PageRequest(sorts.NEWEST_FIRST, 1)
STATISTICS: dict[str, Query] = {
    "prices by category": lambda storage: storage.products.price_stats_by_category(),
    "totals by status": lambda storage: storage.orders.totals_by_status(),
    "top spenders": lambda storage: storage.users.top_spenders(10),
    "active users": lambda storage: storage.users.active_count(),
    "active products": lambda storage: storage.products.page(ProductFilter(is_active=True), FIRST),
}


class ExplainingAdapter(MeasuringAdapter):
    """Collects, of each query that counts, the steps in which a database would read a table itself."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        self.tables_read: list[str] = []

    @override
    async def measure(self, connection: Any, sql: str, arguments: Arguments) -> None:
        if "count(" in sql:
            self.tables_read += await _EXPLAIN[self._dialect.name](self._adapter, connection, sql, arguments)


async def _explain_sqlite(adapter: DriverAdapter, connection: Any, sql: str, arguments: Arguments) -> list[str]:
    steps = [row[3] for row in await adapter.rows(connection, f"EXPLAIN QUERY PLAN {sql}", arguments)]
    return [
        step for step in steps if step.startswith("SCAN ") and "COVERING" not in step and step.split()[1] in _TABLES
    ]


async def _explain_mysql(adapter: DriverAdapter, connection: Any, sql: str, arguments: Arguments) -> list[str]:
    steps = await adapter.rows(connection, f"EXPLAIN FORMAT=TRADITIONAL {sql}", arguments)
    return [
        f"{step[2]}: {step[-1]}"
        for step in steps
        if "eq_ref" not in step and step[2] in _TABLES and "Using index" not in (step[-1] or "")
    ]


async def _explain_postgresql(adapter: DriverAdapter, connection: Any, sql: str, arguments: Arguments) -> list[str]:
    """Whether it could: a table of short rows it rather reads as it is."""
    await adapter.execute_raw(connection, "SET enable_seqscan = off; SET enable_bitmapscan = off")
    steps = [row[0] for row in await adapter.rows(connection, f"EXPLAIN {sql}", arguments)]
    return [step for step in steps if "Seq Scan on" in step or "  Index Scan using ix" in step]


_TABLES = ("products", "orders", "users")
_EXPLAIN = {
    "sqlite": _explain_sqlite,
    "mysql": _explain_mysql,
    "mariadb": _explain_mysql,
    "postgresql": _explain_postgresql,
}


async def test_statistics_are_read_from_indexes(opened: Opened, external: ExternalClient) -> None:
    await fill(external)
    for query in STATISTICS.values():
        assert await tables_read(opened, external, query) == []


async def test_table_read_is_detected(opened: Opened, external: ExternalClient) -> None:
    await fill(external)
    wanted = ProductFilter(search="nothing")
    assert await tables_read(opened, external, lambda storage: storage.products.page(wanted, FIRST)) != []


async def tables_read(opened: Opened, external: ExternalClient, query: Query) -> list[str]:
    """Of the queries that ``query`` sends, the steps that read a table itself."""
    adapter = ExplainingAdapter(external.dialect)
    async with opened(adapter.backend, pool_size=1) as storage:
        await query(storage)
    return adapter.tables_read
