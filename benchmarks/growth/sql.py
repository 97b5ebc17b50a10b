"""SQL databases: the rows that ``backends.sql`` would have stored, on a bare connection of the driver."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Dialect as SqlAlchemyDialect
from sqlalchemy import Table

from backends.sql import schema
from backends.sql.dialects import DIALECTS, Dialect
from backends.sql.engine import migration_engine
from backends.sql.repositories.accounts import ACCOUNTS
from backends.sql.repositories.categories import CATEGORIES
from backends.sql.repositories.entities import mapping_of
from backends.sql.repositories.notifications import NOTIFICATIONS
from backends.sql.repositories.orders import ORDERS
from backends.sql.repositories.posts import POSTS
from backends.sql.repositories.products import PRODUCTS
from backends.sql.repositories.tags import TAGS
from backends.sql.repositories.users import USERS
from backends.sql.repository import EntityMapping
from backends.sql.statement import CachedStatement, CompiledStatement
from benchmarks.growth.data import HASH, Sale, ShopData
from benchmarks.growth.database import batches
from conformance.defaults import settings_for
from core.entities import PAYMENT, Order, Post, Tag
from core.entities.construct import shallow_asdict

Row = Mapping[str, Any]
Rows = Callable[[Any], Iterable[Row]]

_FAST_WRITES: Mapping[str, Sequence[str]] = {
    "sqlite": ("PRAGMA synchronous = OFF", "PRAGMA cache_size = -1000000"),
    "postgresql": ("SET maintenance_work_mem = '256MB'",),
    "mysql": ("SET foreign_key_checks = 0", "SET unique_checks = 0"),
    "mariadb": ("SET foreign_key_checks = 0", "SET unique_checks = 0"),
}
"""Settings for fast writes without checks, of a connection."""

_RESET_SEQUENCE = "SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"

_MAINTENANCE: Mapping[str, Sequence[str]] = {
    "sqlite": ("PRAGMA wal_checkpoint(TRUNCATE)",),
    "postgresql": (
        *(_RESET_SEQUENCE.format(table=table.name) for table in schema.metadata.sorted_tables if "id" in table.c),
        "VACUUM ANALYZE",
        "CHECKPOINT",
    ),
    "mysql": tuple(f"ANALYZE TABLE {table.name}" for table in schema.metadata.sorted_tables),
    "mariadb": tuple(f"ANALYZE TABLE {table.name}" for table in schema.metadata.sorted_tables),
}
"""What a server does in the background. SQLite gathers no statistics by itself."""


def _of(mapping: EntityMapping[Any], pick: Callable[[Any], Any] = lambda entity: entity, **more: Any) -> Rows:
    """The row of an entity, none where there is no entity."""

    def rows(given: Any) -> Iterator[Row]:
        entity = pick(given)
        if entity is not None:
            yield mapping.row(mapping.mapper.values(entity) | more)

    return rows


def _lines(sale: Sale) -> Iterator[Row]:
    for position, item in enumerate(sale.order.items):
        yield {"order_id": sale.order.id, "position": position, **shallow_asdict(item)}


def _links(given: tuple[Post, list[Tag]]) -> Iterator[Row]:
    post, tags = given
    return ({"post_id": post.id, "tag_id": tag.id} for tag in tags)


def _order(sale: Sale) -> Order:
    return sale.order


_TABLES = schema.metadata.tables

PLAN: Sequence[tuple[Callable[[ShopData], Iterable[Any]], Mapping[Table, Rows]]] = (
    (ShopData.users, {_TABLES["users"]: _of(USERS, password_hash=HASH)}),
    (ShopData.categories, {_TABLES["categories"]: _of(CATEGORIES)}),
    (ShopData.products, {_TABLES["products"]: _of(PRODUCTS)}),
    (ShopData.tags, {_TABLES["tags"]: _of(TAGS)}),
    (ShopData.posts, {_TABLES["posts"]: _of(POSTS, lambda given: given[0]), _TABLES["post_tags"]: _links}),
    (
        ShopData.sales,
        {
            _TABLES["orders"]: _of(ORDERS, _order),
            _TABLES["order_items"]: _lines,
            _TABLES["payments"]: _of(mapping_of(PAYMENT), lambda sale: sale.payment),
            _TABLES["notifications"]: _of(NOTIFICATIONS, lambda sale: sale.notification),
        },
    ),
    (ShopData.accounts, {_TABLES["accounts"]: _of(ACCOUNTS)}),
    (ShopData.transfers, {_TABLES["transfers"]: lambda transfer: [shallow_asdict(transfer)]}),
)
"""The rows of each table, from the rows of the shop."""

_ADDED: Sequence[tuple[str, str, str]] = (
    ("notifications", "order_id", "orders"),
    ("payments", "order_id", "orders"),
    ("order_items", "order_id", "orders"),
    ("orders", "id", "orders"),
    ("transfers", "id", "transfers"),
    ("accounts", "id", "accounts"),
    ("post_tags", "post_id", "posts"),
    ("posts", "id", "posts"),
    ("tags", "id", "tags"),
    ("products", "id", "products"),
    ("categories", "id", "categories"),
    ("users", "id", "users"),
)
"""How to find added rows: table, column, and the kind whose last id it exceeds; referring tables first."""


class SqlDatabase:
    """A connection of the driver, without SQLAlchemy."""

    def __init__(self, dialect: Dialect, sqlalchemy_dialect: SqlAlchemyDialect, driver: Any) -> None:
        self._adapter = dialect.adapter_of(sqlalchemy_dialect.driver)
        self._name, self._sqlalchemy_dialect, self._driver = dialect.name, sqlalchemy_dialect, driver
        self._inserts: dict[Table, CompiledStatement] = {}

    async def fill(self, shop: ShopData) -> None:
        for source, tables in PLAN:
            for batch in batches(source(shop)):
                for table, rows in tables.items():
                    await self._write(table, [row for given in batch for row in rows(given)])
                await self._commit()
        for sql in _MAINTENANCE[self._name]:
            await self._adapter.rows(self._driver, sql, ())

    async def _write(self, table: Table, rows: list[Row]) -> None:
        if not rows:
            return
        known = self._inserts.get(table)
        if known is None:
            statement = CachedStatement(table.insert(), tuple(rows[0]))
            known = self._inserts[table] = statement.compile(self._sqlalchemy_dialect)
        arguments = [known.arguments(row) for row in rows]
        await self._adapter.copy(self._driver, known.sql, table.name, known.names, arguments)

    async def prune(self, shop: ShopData) -> None:
        for table, column, kind in _ADDED:
            sql = f"DELETE FROM {table} WHERE {column} > {shop.last[kind]}"  # noqa: S608 - of constants
            await self._adapter.execute_raw(self._driver, sql)
        await self._commit()

    async def _commit(self) -> None:
        if self._name != "postgresql":  # asyncpg commits each command
            await self._adapter.execute_raw(self._driver, "COMMIT")


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[SqlDatabase]:
    """A connection in autocommit mode, with the settings of ``_FAST_WRITES``."""
    dialect = DIALECTS[urlsplit(url).scheme]
    engine = migration_engine(dialect, settings_for(url))
    try:
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            for sql in _FAST_WRITES[dialect.name]:
                await dialect.adapter_of(engine.driver).execute_raw(driver, sql)
            yield SqlDatabase(dialect, engine.dialect, driver)
    finally:
        await engine.dispose()
