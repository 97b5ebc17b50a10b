"""MySQL's and MariaDB's drivers: asyncmy and aiomysql.

Asyncmy prepares a statement when it is first used. Where the server refuses the PREPARE, it sends the statement as text
instead, also where the reason was a deadlock (1213): the transaction is then gone, and the text is executed outside it.
"""

from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from backends.sql.drivers import DriverAdapter
from backends.sql.statement import Arguments


class MySQLAdapter(DriverAdapter):
    """For both drivers.

    A cursor has read all of its one result when it returns, so none is closed.
    """

    @override
    async def rows(self, connection: Any, sql: str, arguments: Arguments) -> Sequence[Any]:
        cursor = await connection.cursor()
        await cursor.execute(sql, arguments)
        return await cursor.fetchall()  # type: ignore[no-any-return]

    @override
    async def write(self, connection: Any, sql: str, arguments: Arguments) -> tuple[int, int]:
        cursor = await connection.cursor()
        await cursor.execute(sql, arguments)
        return cursor.rowcount, cursor.lastrowid or 0

    @override
    async def write_many(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> None:
        """The driver makes one INSERT of them."""
        cursor = await connection.cursor()
        await cursor.executemany(sql, arguments)

    @override
    async def insert_rows(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> int:
        """Written out: no server prepares a statement with so many parameters in less time."""
        head, _, row = sql.rpartition(" VALUES ")
        cursor = await connection.cursor()
        rows = ", ".join([cursor.mogrify(row, values) for values in arguments])
        await cursor.execute(f"{head} VALUES {rows}")
        return cursor.lastrowid or 0

    @override
    async def execute_raw(self, connection: Any, sql: str) -> None:
        await connection.query(sql)

    @override
    def is_in_transaction(self, driver: Any) -> bool:
        return driver.get_transaction_status()  # type: ignore[no-any-return]


class AsyncmyAdapter(MySQLAdapter):
    """Statements with parameters are prepared and kept, except in a unit of work, where they are sent as text."""

    @override
    def prepare_unit_of_work(self, driver: Any) -> None:
        driver._stmt_cache_size = -abs(driver._stmt_cache_size)  # below 1 it neither prepares nor uses what it has

    @override
    def end_unit_of_work(self, driver: Any) -> None:
        driver._stmt_cache_size = abs(driver._stmt_cache_size)
