"""How each driver is spoken to without SQLAlchemy in between: the few things that a compiled statement needs."""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Protocol

Arguments = Sequence[Any]


class Wire(Protocol):
    """A driver. Each function is one round trip on one of its connections."""

    async def rows(self, connection: Any, sql: str, arguments: Arguments) -> Sequence[Any]:
        """All rows of a query."""
        ...

    async def write(self, connection: Any, sql: str, arguments: Arguments) -> tuple[int, int]:
        """Run a write: how many rows it matched, and the id that a single INSERT got where the driver tells it."""
        ...

    async def write_many(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> None:
        """Run a write for several sets of arguments."""
        ...

    async def insert_rows(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> int:
        """Run an INSERT of one row for many rows, as one statement; the id of the first, where the driver tells it."""
        ...

    async def copy(self, connection: Any, table: str, columns: Sequence[str], rows: Sequence[Arguments]) -> None:
        """Insert rows in bulk, where the database has its own way for that."""
        ...

    async def command(self, connection: Any, words: str) -> None:
        """Run a statement that has neither parameters nor rows."""
        ...


class NoCopy:
    """A driver of a database that has no other way than INSERT."""

    async def copy(self, connection: Any, table: str, columns: Sequence[str], rows: Sequence[Arguments]) -> None:
        """See ``Wire``."""
        raise NotImplementedError(table)


class NoRows:
    """A driver that tells no id of many rows."""

    async def insert_rows(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> int:
        """See ``Wire``."""
        raise NotImplementedError(sql)


class Asyncpg(NoRows):
    """See ``Wire``. Statements are prepared by the driver, and kept."""

    async def rows(self, connection: Any, sql: str, arguments: Arguments) -> Sequence[Any]:
        """See ``Wire``."""
        return await connection.fetch(sql, *arguments)  # type: ignore[no-any-return]

    async def write(self, connection: Any, sql: str, arguments: Arguments) -> tuple[int, int]:
        """See ``Wire``. The answer is such as ``UPDATE 3``."""
        status: str = await connection.execute(sql, *arguments)
        return int(status.rpartition(" ")[2]), 0

    async def write_many(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> None:
        """See ``Wire``."""
        await connection.executemany(sql, arguments)

    async def copy(self, connection: Any, table: str, columns: Sequence[str], rows: Sequence[Arguments]) -> None:
        """See ``Wire``."""
        await connection.copy_records_to_table(table, columns=columns, records=rows)

    async def command(self, connection: Any, words: str) -> None:
        """See ``Wire``."""
        await connection.execute(words)


class Aiosqlite(NoCopy):
    """See ``Wire``. Each call is one visit to the connection's thread."""

    async def rows(self, connection: Any, sql: str, arguments: Arguments) -> Sequence[Any]:
        """See ``Wire``."""
        return await connection.execute_fetchall(sql, arguments)  # type: ignore[no-any-return]

    async def write(self, connection: Any, sql: str, arguments: Arguments) -> tuple[int, int]:
        """See ``Wire``."""
        cursor = await connection.execute(sql, arguments)
        return cursor.rowcount, cursor.lastrowid or 0

    async def write_many(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> None:
        """See ``Wire``."""
        await connection.executemany(sql, arguments)

    async def insert_rows(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> int:
        """See ``Wire``."""
        head, _, row = sql.rpartition(" VALUES ")
        rows = ", ".join([row] * len(arguments))
        return (await self.write(connection, f"{head} VALUES {rows}", [*chain.from_iterable(arguments)]))[1]

    async def command(self, connection: Any, words: str) -> None:
        """See ``Wire``."""
        await connection.execute(words)


class MySQLDriver(NoCopy):
    """See ``Wire``: asyncmy and aiomysql alike. Asyncmy prepares statements that have parameters, and keeps them.

    A cursor has read all of its one result when it returns, so none is closed.
    """

    async def rows(self, connection: Any, sql: str, arguments: Arguments) -> Sequence[Any]:
        """See ``Wire``."""
        cursor = await connection.cursor()
        await cursor.execute(sql, arguments)
        return await cursor.fetchall()  # type: ignore[no-any-return]

    async def write(self, connection: Any, sql: str, arguments: Arguments) -> tuple[int, int]:
        """See ``Wire``."""
        cursor = await connection.cursor()
        await cursor.execute(sql, arguments)
        return cursor.rowcount, cursor.lastrowid or 0

    async def write_many(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> None:
        """See ``Wire``. The driver makes one INSERT of them."""
        cursor = await connection.cursor()
        await cursor.executemany(sql, arguments)

    async def insert_rows(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> int:
        """See ``Wire``. Written out: no server prepares a statement with so many parameters in less time."""
        head, _, row = sql.rpartition(" VALUES ")
        cursor = await connection.cursor()
        rows = ", ".join([cursor.mogrify(row, values) for values in arguments])
        await cursor.execute(f"{head} VALUES {rows}")
        return cursor.lastrowid or 0

    async def command(self, connection: Any, words: str) -> None:
        """See ``Wire``."""
        await connection.query(words)
