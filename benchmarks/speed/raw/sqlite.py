"""SQLite on aiosqlite: several connections for reads and one for writes, because SQLite has one writer."""

# ruff: noqa: A001, S608 - ids are called id; the statements are made of constants

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from sqlite3 import SQLITE_CONSTRAINT_FOREIGNKEY, IntegrityError, Row
from typing import Any

import aiosqlite
from fastapi import FastAPI

from benchmarks.speed.raw import models
from benchmarks.speed.raw.models import OrderIn, Position, ProductIn, RequestError
from benchmarks.speed.raw.shop import make_app

COLUMNS = ", ".join(models.PRODUCT_COLUMNS)
ONE = f"SELECT {COLUMNS} FROM products WHERE id = ?"
FIRST = f"SELECT {COLUMNS} FROM products ORDER BY created_at DESC, id DESC LIMIT ?"
AFTER_CURSOR = (
    f"SELECT {COLUMNS} FROM products WHERE (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?"
)
TAKE = "UPDATE products SET stock_quantity = stock_quantity - ?, updated_at = ?, version = version + 1 WHERE id = ?"
ORDER = (
    "INSERT INTO orders (created_at, updated_at, version, order_number, status, total_amount, user_id,"
    " shipping_address) VALUES (?, ?, 1, ?, 'pending', ?, ?, ?)"
)
LINES = (
    "INSERT INTO order_items (order_id, position, product_id, quantity, unit_price, total_price)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'products'"
PRODUCTS = f"INSERT INTO products ({', '.join(models.NEW_PRODUCT_COLUMNS)}) VALUES "
PRODUCT = f"({', '.join('?' * len(models.NEW_PRODUCT_COLUMNS))})"
READERS = 10


class SQLite:
    """The hand-written queries on one pool."""

    def __init__(self, readers: list[aiosqlite.Connection], writer: aiosqlite.Connection) -> None:
        self._idle = asyncio.Queue[aiosqlite.Connection]()
        for reader in readers:
            self._idle.put_nowait(reader)
        self._writer, self._writer_lock = writer, asyncio.Lock()

    async def get_product(self, id: int) -> dict[str, Any] | None:
        """By primary key."""
        rows = await self._rows(ONE, (id,))
        return _product(rows[0]) if rows else None

    async def list_products(self, after: Position | None, limit: int) -> list[dict[str, Any]]:
        """By row comparison, which uses one index."""
        if after is None:
            return [_product(row) for row in await self._rows(FIRST, (limit,))]
        return [
            _product(row) for row in await self._rows(AFTER_CURSOR, (models.format_time(after[0]), after[1], limit))
        ]

    async def _rows(self, statement: str, values: tuple[Any, ...]) -> list[Row]:
        reader = await self._idle.get()
        try:
            return list(await reader.execute_fetchall(statement, values))
        finally:
            self._idle.put_nowait(reader)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[aiosqlite.Connection]:
        async with self._writer_lock:
            await self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                await self._writer.execute("COMMIT")
            except BaseException:
                await self._writer.execute("ROLLBACK")
                raise

    async def place_order(self, order: OrderIn) -> dict[str, Any]:
        """One transaction; its statements are cheap here, but each is a call to the connection's thread."""
        at, pieces = models.now(), models.pieces_by_product(order)
        marks = ", ".join("?" * len(pieces))
        lock = f"SELECT id, price, stock_quantity, is_active FROM products WHERE id IN ({marks})"
        async with self._writing() as writer:
            rows = await writer.execute_fetchall(lock, list(pieces))
            lines = models.price_lines(order, pieces, {row["id"]: dict(row) for row in rows})
            total = sum(line["total_price"] for line in lines)
            number, stamp = models.order_number(at), models.format_time(at)
            await writer.executemany(TAKE, [(quantity, stamp, id) for id, quantity in pieces.items()])
            with _translate_errors():
                values = (stamp, stamp, number, total, order.user_id, order.shipping_address)
                id = (await writer.execute(ORDER, values)).lastrowid or 0
            await writer.executemany(LINES, [(id, n, *line.values()) for n, line in enumerate(lines)])
        return models.order_json(id, number, order, total, lines, at)

    async def add_products(self, products: list[ProductIn]) -> list[dict[str, Any]]:
        """No other connection writes, so the ids are known before."""
        at = models.now()
        rows = [models.new_product_row(product, at) for product in products]
        stamp = {"created_at": models.format_time(at), "updated_at": models.format_time(at)}
        async with self._writing() as writer:
            [[last]] = list(await writer.execute_fetchall(LAST))
            values = [value for id, row in enumerate(rows, last + 1) for value in (id, *(row | stamp).values())]
            with _translate_errors():  # one statement, because SQLite writes its trigram index after each
                await writer.execute(PRODUCTS + ", ".join([PRODUCT] * len(rows)), values)
        return [models.product_json({"id": id, **row}) for id, row in enumerate(rows, last + 1)]

    async def prune(self, products: int) -> None:
        async with self._writing() as writer:
            await writer.execute("DELETE FROM order_items")
            await writer.execute("DELETE FROM orders")
            await writer.execute("DELETE FROM products WHERE id > ?", (products,))


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if error.sqlite_errorcode == SQLITE_CONSTRAINT_FOREIGNKEY:
            raise RequestError(400, "It refers to something that does not exist.") from None
        raise RequestError(409, "A slug or an SKU is taken.") from None


def _product(row: Row) -> dict[str, Any]:
    """Times are stored in the shop's format."""
    return {
        "id": row["id"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "version": row["version"],
        "name": row["name"],
        "slug": row["slug"],
        "description": row["description"],
        "price": models.format_money(row["price"]),
        "stock_quantity": row["stock_quantity"],
        "sku": row["sku"],
        "is_active": bool(row["is_active"]),
        "category_id": row["category_id"],
    }


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[SQLite]:
    """With the settings of Stockroom's connections."""
    path = url.partition(":///")[2]
    async with AsyncExitStack() as stack:
        connections: list[aiosqlite.Connection] = []
        for _ in range(READERS + 1):
            connection = await stack.enter_async_context(aiosqlite.connect(path, isolation_level=None))
            connection.row_factory = Row
            for setting in ("busy_timeout = 5000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                await connection.execute(f"PRAGMA {setting}")
            connections.append(connection)
        yield SQLite(connections[1:], connections[0])


def app() -> FastAPI:
    """The application, for uvicorn."""
    return make_app(lambda: open_database(os.environ["DATABASE_URL"]))
