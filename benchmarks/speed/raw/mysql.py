"""MySQL and MariaDB on asyncmy: its pool, its prepared statements, and one INSERT of many rows, written out."""

# ruff: noqa: A001, S608 - ids are called id; the statements are made of constants

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncmy
from asyncmy.cursors import DictCursor
from asyncmy.errors import IntegrityError
from fastapi import FastAPI

from benchmarks.speed.raw import models
from benchmarks.speed.raw.models import OrderIn, Position, ProductIn, RequestError
from benchmarks.speed.raw.shop import make_app

COLUMNS = ", ".join(models.PRODUCT_COLUMNS)
ONE = f"SELECT {COLUMNS} FROM products WHERE id = %s"
FIRST = f"SELECT {COLUMNS} FROM products ORDER BY created_at DESC, id DESC LIMIT %s"
AFTER_CURSOR = (
    f"SELECT {COLUMNS} FROM products WHERE created_at <= %s AND (created_at < %s OR id < %s)"
    " ORDER BY created_at DESC, id DESC LIMIT %s"
)
LOCK = "SELECT id, price, stock_quantity, is_active FROM products WHERE id IN ({}) ORDER BY id FOR UPDATE"
ORDER = (
    "INSERT INTO orders (created_at, updated_at, version, order_number, status, total_amount, user_id,"
    " shipping_address) VALUES (%s, %s, 1, %s, 'pending', %s, %s, %s)"
)
LINES = (
    "INSERT INTO order_items (order_id, position, product_id, quantity, unit_price, total_price)"
    " VALUES (%s, %s, %s, %s, %s, %s)"
)
PRODUCTS = f"INSERT INTO products ({', '.join(models.NEW_PRODUCT_COLUMNS[1:])}) VALUES "
PRODUCT = f"({', '.join(['%s'] * (len(models.NEW_PRODUCT_COLUMNS) - 1))})"
DUPLICATE = 1062


class MySQL:
    """The hand-written queries on one pool."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def get_product(self, id: int) -> dict[str, Any] | None:
        """By primary key."""
        rows = await self._rows(ONE, (id,))
        return _product(rows[0]) if rows else None

    async def list_products(self, after: Position | None, limit: int) -> list[dict[str, Any]]:
        """By a condition that uses the index."""
        if after is None:
            return [_product(row) for row in await self._rows(FIRST, (limit,))]
        at, id = after[0].replace(tzinfo=None), after[1]
        return [_product(row) for row in await self._rows(AFTER_CURSOR, (at, at, id, limit))]

    async def _rows(self, statement: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        async with self._pool.acquire() as connection, connection.cursor(DictCursor) as cursor:
            await cursor.execute(statement, values)
            return list(await cursor.fetchall())

    async def place_order(self, order: OrderIn) -> dict[str, Any]:
        """One transaction, each table once."""
        at, pieces = models.now(), models.pieces_by_product(order)
        async with self._pool.acquire() as connection:
            await connection.begin()
            try:
                placed = await self._placed(connection, order, pieces, at)
                await connection.commit()
            except BaseException:
                await connection.rollback()
                raise
        return placed

    async def _placed(self, connection: Any, order: OrderIn, pieces: dict[int, int], at: Any) -> dict[str, Any]:
        async with connection.cursor(DictCursor) as cursor:
            await cursor.execute(LOCK.format(_marks(pieces)), tuple(pieces))
            lines = models.price_lines(order, pieces, {row["id"]: row for row in await cursor.fetchall()})
            total = sum(line["total_price"] for line in lines)
            number, stored = models.order_number(at), at.replace(tzinfo=None)
            taken = [value for piece in pieces.items() for value in piece]
            await cursor.execute(_take(pieces), (*taken, stored, *pieces))
            try:
                await cursor.execute(ORDER, (stored, stored, number, total, order.user_id, order.shipping_address))
            except IntegrityError:
                raise RequestError(400, "There is no such user.") from None
            id = cursor.lastrowid
            await cursor.executemany(LINES, [(id, n, *line.values()) for n, line in enumerate(lines)])
        return models.order_json(id, number, order, total, lines, at)

    async def add_products(self, products: list[ProductIn]) -> list[dict[str, Any]]:
        """One INSERT; its ids are consecutive."""
        at = models.now()
        rows = [models.new_product_row(product, at.replace(tzinfo=None)) for product in products]
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await connection.begin()
            values = ", ".join([cursor.mogrify(PRODUCT, tuple(row.values())) for row in rows])
            try:
                await cursor.execute(PRODUCTS + values)
                await connection.commit()
            except IntegrityError as error:
                await connection.rollback()
                status = 409 if error.args[0] == DUPLICATE else 400
                raise RequestError(status, "Something is taken, or does not exist.") from None
            first = cursor.lastrowid
        return [models.product_json({"id": id, **row}) for id, row in enumerate(rows, first)]

    async def prune(self, products: int) -> None:
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("DELETE FROM order_items")
            await cursor.execute("DELETE FROM orders")
            await cursor.execute("DELETE FROM products WHERE id > %s", (products,))


def _take(pieces: dict[int, int]) -> str:
    """The same statement for the same number of products, so that it is prepared once."""
    cases = " ".join(["WHEN %s THEN %s"] * len(pieces))
    return (
        f"UPDATE products SET stock_quantity = stock_quantity - CASE id {cases} END, updated_at = %s,"
        f" version = version + 1 WHERE id IN ({_marks(pieces)})"
    )


def _marks(pieces: dict[int, int]) -> str:
    return ", ".join(["%s"] * len(pieces))


def _product(row: dict[str, Any]) -> dict[str, Any]:
    product = models.product_json(row)
    product["is_active"] = bool(product["is_active"])
    return product


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[MySQL]:
    """With a pool of the same size as Stockroom's."""
    parts = urlsplit(url)
    pool = await asyncmy.create_pool(
        host=parts.hostname,
        port=parts.port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=parts.path.strip("/"),
        minsize=10,
        maxsize=10,
        autocommit=True,
        charset="utf8mb4",
        stmt_cache_size=64,
        init_command="SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    )
    try:
        yield MySQL(pool)
    finally:
        pool.close()
        await pool.wait_closed()


def app() -> FastAPI:
    """The application, for uvicorn."""
    return make_app(lambda: open_database(os.environ["DATABASE_URL"]))
