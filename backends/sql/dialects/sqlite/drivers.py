"""SQLite's driver: aiosqlite."""

from collections.abc import Coroutine, Sequence
from typing import Any

from typing_extensions import override

from backends.sql.drivers import DriverAdapter
from backends.sql.statement import Arguments


class AiosqliteAdapter(DriverAdapter):
    """Each call is one visit to the connection's thread."""

    @override
    async def rows(self, connection: Any, sql: str, arguments: Arguments) -> Sequence[Any]:
        return await connection.execute_fetchall(sql, arguments)  # type: ignore[no-any-return]

    @override
    async def write(self, connection: Any, sql: str, arguments: Arguments) -> tuple[int, int]:
        cursor = await connection.execute(sql, arguments)
        return cursor.rowcount, cursor.lastrowid or 0

    @override
    async def write_many(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> None:
        await connection.executemany(sql, arguments)

    @override
    async def execute_raw(self, connection: Any, sql: str) -> None:
        await connection.execute(sql)

    @override
    def is_in_transaction(self, driver: Any) -> bool:
        return driver.in_transaction  # type: ignore[no-any-return]


def connect(*args: Any, **options: Any) -> Coroutine[Any, Any, Any]:
    """Open a connection, whose thread does not keep the process from ending."""
    import aiosqlite  # noqa: PLC0415 - a backend is listed whether its driver is installed or not

    connection = aiosqlite.connect(*args, **options)
    connection._thread.daemon = True
    return _started(connection)


async def _started(connection: Any) -> Any:
    """Aiosqlite leaves its thread behind when a file cannot be opened, which later talks to a loop that is closed."""
    try:
        return await connection
    except BaseException:
        connection._thread.join()
        raise


async def interrupt(connection: Any) -> None:
    """End the statement that a connection is executing."""
    await connection.interrupt()
