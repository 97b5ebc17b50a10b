"""PostgreSQL on asyncpg: its pool, its cache of prepared statements, arrays for many rows, COPY for a thousand."""

# ruff: noqa: A001, S608 - ids are called id; the statements are made of constants

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from fastapi import FastAPI

from benchmarks.speed.raw import models
from benchmarks.speed.raw.models import OrderIn, Position, ProductIn, RequestError
from benchmarks.speed.raw.shop import make_app

COLUMNS = ", ".join(models.PRODUCT_COLUMNS)
ONE = f"SELECT {COLUMNS} FROM products WHERE id = $1"
FIRST = f"SELECT {COLUMNS} FROM products ORDER BY created_at DESC, id DESC LIMIT $1"
AFTER_CURSOR = (
    f"SELECT {COLUMNS} FROM products WHERE (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $1"
)
LOCK = (
    "SELECT id, price, stock_quantity, is_active FROM products WHERE id = ANY($1::bigint[])"
    " ORDER BY id FOR NO KEY UPDATE"
)
TAKE = (
    "UPDATE products SET stock_quantity = stock_quantity - wanted.pieces, updated_at = $3, version = version + 1"
    " FROM unnest($1::bigint[], $2::int[]) AS wanted(id, pieces) WHERE products.id = wanted.id"
)
ORDER = (
    "INSERT INTO orders (created_at, updated_at, version, order_number, status, total_amount, user_id,"
    " shipping_address) VALUES ($1, $1, 1, $2, 'pending', $3, $4, $5) RETURNING id"
)
LINES = (
    "INSERT INTO order_items (order_id, position, product_id, quantity, unit_price, total_price)"
    " SELECT $1, * FROM unnest($2::int[], $3::bigint[], $4::int[], $5::bigint[], $6::bigint[])"
)
IDS = "SELECT nextval(pg_get_serial_sequence('products', 'id')) FROM generate_series(1, $1)"


class PostgreSQL:
    """The hand-written queries on one pool."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def get_product(self, id: int) -> dict[str, Any] | None:
        """By primary key."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(ONE, id)
        return None if row is None else models.product_json(row)

    async def list_products(self, after: Position | None, limit: int) -> list[dict[str, Any]]:
        """By row comparison, which uses one index."""
        async with self._pool.acquire() as connection:
            rows = await (connection.fetch(AFTER_CURSOR, limit, *after) if after else connection.fetch(FIRST, limit))
        return [models.product_json(row) for row in rows]

    async def place_order(self, order: OrderIn) -> dict[str, Any]:
        """One transaction, each table once."""
        at, pieces = models.now(), models.pieces_by_product(order)
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(LOCK, list(pieces))
            lines = models.price_lines(order, pieces, {row["id"]: row for row in rows})
            total = sum(line["total_price"] for line in lines)
            number = models.order_number(at)
            await connection.execute(TAKE, list(pieces), list(pieces.values()), at)
            try:
                id = await connection.fetchval(ORDER, at, number, total, order.user_id, order.shipping_address)
            except asyncpg.ForeignKeyViolationError:
                raise RequestError(400, "There is no such user.") from None
            columns = zip(*(line.values() for line in lines), strict=True)
            await connection.execute(LINES, id, list(range(len(lines))), *map(list, columns))
        return models.order_json(id, number, order, total, lines, at)

    async def add_products(self, products: list[ProductIn]) -> list[dict[str, Any]]:
        """Ids first, then COPY."""
        at = models.now()
        rows = [models.new_product_row(product, at) for product in products]
        async with self._pool.acquire() as connection, connection.transaction():
            ids = [row[0] for row in await connection.fetch(IDS, len(rows))]
            records = [(id, *row.values()) for id, row in zip(ids, rows, strict=True)]
            try:
                await connection.copy_records_to_table("products", columns=models.NEW_PRODUCT_COLUMNS, records=records)
            except asyncpg.UniqueViolationError:
                raise RequestError(409, "A slug or an SKU is taken.") from None
            except asyncpg.ForeignKeyViolationError:
                raise RequestError(400, "There is no such category.") from None
        return [models.product_json({"id": id, **row}) for id, row in zip(ids, rows, strict=True)]

    async def prune(self, products: int) -> None:
        await self._pool.execute("TRUNCATE orders CASCADE")
        await self._pool.execute("DELETE FROM products WHERE id > $1", products)
        await self._pool.execute("VACUUM ANALYZE products")


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[PostgreSQL]:
    """With a pool of the same size as Stockroom's; connections hold no session state, so they are not reset."""
    settings = {"application_name": "raw", "timezone": "UTC", "jit": "off"}
    async with asyncpg.create_pool(url, min_size=10, max_size=10, server_settings=settings, reset=_skip_reset) as pool:
        yield PostgreSQL(pool)


async def _skip_reset(_connection: object) -> None: ...


def app() -> FastAPI:
    """The application, for uvicorn."""
    return make_app(lambda: open_database(os.environ["DATABASE_URL"]))
