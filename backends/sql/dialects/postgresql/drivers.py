"""PostgreSQL's driver: asyncpg."""

from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from backends.sql.drivers import DriverAdapter
from backends.sql.statement import Arguments


class AsyncpgAdapter(DriverAdapter):
    """Statements are prepared by the driver, and kept."""

    @override
    async def rows(self, connection: Any, sql: str, arguments: Arguments) -> Sequence[Any]:
        return await connection.fetch(sql, *arguments)  # type: ignore[no-any-return]

    @override
    async def write(self, connection: Any, sql: str, arguments: Arguments) -> tuple[int, int]:
        """The driver returns the server's words, such as ``UPDATE 3``."""
        status: str = await connection.execute(sql, *arguments)
        return int(status.rpartition(" ")[2]), 0

    @override
    async def write_many(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> None:
        await connection.executemany(sql, arguments)

    @override
    async def copy(
        self, connection: Any, sql: str, table: str, columns: Sequence[str], arguments: Sequence[Arguments]
    ) -> None:
        await connection.copy_records_to_table(table, columns=columns, records=arguments)

    @override
    async def execute_raw(self, connection: Any, sql: str) -> None:
        await connection.execute(sql)

    @override
    def is_in_transaction(self, driver: Any) -> bool:
        return driver.is_in_transaction()  # type: ignore[no-any-return]
