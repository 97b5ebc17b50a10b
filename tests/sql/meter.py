"""How much of its tables a database goes through for a query, as the database itself counts it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from backends.sql.wires import Arguments, Wire

Count = Callable[[Wire, Any, str, Arguments], Awaitable[int]]


class Meter:
    """A driver whose queries are counted.

    Attributes:
        read: rows gone through since it was set to 0, those of indexes included; on SQLite, which counts no rows, tens
            of steps of its machine, about one for each row.
    """

    def __init__(self, wire: Wire, dialect: str) -> None:
        self._wire = wire
        self._count = _COUNTS[dialect]
        self.write = wire.write
        self.write_many = wire.write_many
        self.copy = wire.copy
        self.command = wire.command
        self.read = 0

    async def rows(self, connection: Any, sql: str, arguments: Arguments) -> Sequence[Any]:
        """See ``Wire``."""
        self.read += await self._count(self._wire, connection, sql, arguments)
        return await self._wire.rows(connection, sql, arguments)


async def _planned(wire: Wire, connection: Any, sql: str, arguments: Arguments) -> int:
    [[plan]] = await wire.rows(connection, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", arguments)
    return sum(_scanned(plan[0]["Plan"]))


def _scanned(node: Mapping[str, Any]) -> Iterator[int]:
    if "Scan" in node["Node Type"]:
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        yield (node["Actual Rows"] + removed) * node["Actual Loops"]
    for part in node.get("Plans", ()):
        yield from _scanned(part)


async def _handled(wire: Wire, connection: Any, sql: str, arguments: Arguments) -> int:
    async def reads() -> int:
        counters = await wire.rows(connection, "SHOW SESSION STATUS LIKE 'Handler_read_%%'", ())
        return sum(int(value) for _, value in counters)

    before = await reads()
    await wire.rows(connection, sql, arguments)
    return await reads() - before


async def _stepped(wire: Wire, connection: Any, sql: str, arguments: Arguments) -> int:
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    await connection.set_progress_handler(step, 10)
    await wire.rows(connection, sql, arguments)
    await connection.set_progress_handler(None, 0)
    return steps


_COUNTS: dict[str, Count] = {"postgresql": _planned, "mysql": _handled, "mariadb": _handled, "sqlite": _stepped}
