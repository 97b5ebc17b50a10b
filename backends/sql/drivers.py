"""How a driver executes compiled statements: one ``DriverAdapter`` per driver, each in its dialect's folder.

An adapter is optional. A driver without one is used through SQLAlchemy's own connection, which takes longer.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Sequence
from itertools import chain
from typing import Any, ClassVar

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from backends.sql.statement import Arguments


class DriverAdapter(ABC):
    """Executes statements on one connection. Each method is one round trip, unless it says otherwise.

    Attributes:
        is_direct: whether ``connection`` is the driver's own, and not SQLAlchemy's. Then its round trips are counted,
            and a lost connection is found out, by the executor; otherwise SQLAlchemy does the latter.
    """

    is_direct: ClassVar[bool] = True

    @abstractmethod
    async def rows(self, connection: Any, sql: str, arguments: Arguments) -> Sequence[Any]:
        """All rows of a query."""

    @abstractmethod
    async def write(self, connection: Any, sql: str, arguments: Arguments) -> tuple[int, int]:
        """Run a write: the number of rows it matched, and the id of a single new row where the driver reports it."""

    @abstractmethod
    async def write_many(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> None:
        """Run a write for several sets of arguments."""

    @abstractmethod
    async def execute_raw(self, connection: Any, sql: str) -> None:
        """Run a statement that has neither parameters nor rows."""

    def prepare_unit_of_work(self, driver: Any) -> None:  # noqa: B027 - most drivers need nothing
        """Let the driver report every error of a unit of work, at its own connection; see ``end_unit_of_work``."""

    def end_unit_of_work(self, driver: Any) -> None:  # noqa: B027
        """Undo ``prepare_unit_of_work``, whether the connection is lost or not."""

    def is_in_transaction(self, driver: Any) -> bool:  # noqa: ARG002 - a driver may not know
        """Whether a transaction was open after the last answer of the server; also True where the driver cannot tell.

        No round trip, and called after every statement of a unit of work.
        """
        return True

    async def insert_rows(self, connection: Any, sql: str, arguments: Sequence[Arguments]) -> int:
        """Run an INSERT of one row for many rows, as one statement; the id of the first, where the driver reports it.

        Parameters must be known by place, and all be written alike.
        """
        head, _, row = sql.rpartition(" VALUES ")
        rows = ", ".join([row] * len(arguments))
        return (await self.write(connection, f"{head} VALUES {rows}", [*chain.from_iterable(arguments)]))[1]

    async def copy(
        self,
        connection: Any,
        sql: str,
        table: str,  # noqa: ARG002 - for drivers that need no SQL
        columns: Sequence[str],  # noqa: ARG002
        arguments: Sequence[Arguments],
    ) -> None:
        """Insert rows in bulk: a driver's own way for that, or else ``sql``, which is an INSERT of one row."""
        await self.write_many(connection, sql, arguments)


class SqlalchemyAdapter(DriverAdapter):
    """Any driver, through SQLAlchemy's connection."""

    is_direct = False

    @override
    async def rows(self, connection: AsyncConnection, sql: str, arguments: Arguments) -> Sequence[Any]:
        return (await _execute(connection, sql, arguments)).all()

    @override
    async def write(self, connection: AsyncConnection, sql: str, arguments: Arguments) -> tuple[int, int]:
        result = await _execute(connection, sql, arguments)
        has_id = getattr(connection.dialect, "postfetch_lastrowid", False)  # others have no such attribute of a cursor
        return result.rowcount, (result.lastrowid or 0) if has_id else 0

    @override
    async def write_many(self, connection: AsyncConnection, sql: str, arguments: Sequence[Arguments]) -> None:
        await connection.exec_driver_sql(sql, [_as_parameters(one) for one in arguments])

    @override
    async def execute_raw(self, connection: AsyncConnection, sql: str) -> None:
        await connection.exec_driver_sql(sql)


def _execute(connection: AsyncConnection, sql: str, arguments: Arguments) -> Awaitable[CursorResult[Any]]:
    return connection.exec_driver_sql(sql, _as_parameters(arguments))


def _as_parameters(arguments: Arguments) -> Any:
    """SQLAlchemy takes a list for several sets of parameters."""
    return tuple(arguments) if isinstance(arguments, list) else arguments
