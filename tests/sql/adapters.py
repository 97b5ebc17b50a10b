"""Drivers' adapters that measure the queries that pass through them, as the database itself counts its work."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from typing_extensions import override

from backends.sql.backend import SqlBackend
from backends.sql.dialects import Dialect
from backends.sql.drivers import DriverAdapter
from backends.sql.statement import Arguments

Count = Callable[[DriverAdapter, Any, str, Arguments], Awaitable[int]]


class MeasuringAdapter(DriverAdapter):
    """A database's own adapter, with a look at each query before it is sent."""

    def __init__(self, dialect: Dialect) -> None:
        [self._adapter, *_] = dialect.driver_adapters.values()
        self._dialect = dialect

    @property
    def backend(self) -> SqlBackend:
        """The backend of the database with this adapter."""
        return SqlBackend(replace(self._dialect, driver_adapters=dict.fromkeys(self._dialect.driver_adapters, self)))

    @abstractmethod
    async def measure(self, connection: Any, sql: str, arguments: Arguments) -> None:
        """Look at a query."""

    @override
    async def rows(self, connection: Any, sql: str, arguments: Arguments) -> Sequence[Any]:
        await self.measure(connection, sql, arguments)
        return await self._adapter.rows(connection, sql, arguments)

    @override
    async def write(self, connection: Any, sql: str, arguments: Arguments) -> tuple[int, int]:
        return await self._adapter.write(connection, sql, arguments)

    @override
    async def write_many(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> None:
        await self._adapter.write_many(connection, sql, arguments)

    @override
    async def execute_raw(self, connection: Any, sql: str) -> None:
        await self._adapter.execute_raw(connection, sql)


class CountingAdapter(MeasuringAdapter):
    """Counts how much of its tables a database goes through.

    Attributes:
        read: rows gone through since it was set to 0, those of indexes included; on SQLite, which counts no rows, tens
            of steps of its machine, about one for each row.
    """

    read = 0

    @override
    async def measure(self, connection: Any, sql: str, arguments: Arguments) -> None:
        self.read += await _COUNTS[self._dialect.name](self._adapter, connection, sql, arguments)


async def _count_planned(adapter: DriverAdapter, connection: Any, sql: str, arguments: Arguments) -> int:
    [[plan]] = await adapter.rows(connection, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", arguments)
    return sum(_scanned(plan[0]["Plan"]))


def _scanned(node: Mapping[str, Any]) -> Iterator[int]:
    if "Scan" in node["Node Type"]:
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        yield (node["Actual Rows"] + removed) * node["Actual Loops"]
    for part in node.get("Plans", ()):
        yield from _scanned(part)


async def _count_handled(adapter: DriverAdapter, connection: Any, sql: str, arguments: Arguments) -> int:
    async def reads() -> int:
        counters = await adapter.rows(connection, "SHOW SESSION STATUS LIKE 'Handler_read_%%'", ())
        return sum(int(value) for _, value in counters)

    before = await reads()
    await adapter.rows(connection, sql, arguments)
    return await reads() - before


async def _count_steps(adapter: DriverAdapter, connection: Any, sql: str, arguments: Arguments) -> int:
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    await connection.set_progress_handler(step, 10)
    await adapter.rows(connection, sql, arguments)
    await connection.set_progress_handler(None, 0)
    return steps


_COUNTS: dict[str, Count] = {
    "postgresql": _count_planned,
    "mysql": _count_handled,
    "mariadb": _count_handled,
    "sqlite": _count_steps,
}
