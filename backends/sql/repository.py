"""What every entity's repository does the same way."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Generic, NoReturn, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    case,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.dml import Update
from typing_extensions import override

from backends.sql.errors import ConstraintViolation, IntegrityViolation
from backends.sql.executor import UnitOfWorkExecutor
from backends.sql.mapper import RowMapper
from backends.sql.pagination import PagedQuery, conditions_of
from backends.sql.schema import NULL_SORT_TIME, link_table_of, table_of
from backends.sql.statement import CachedStatement, QueryExecutor
from backends.sql.violations import SqlConstraintReader, find_restriction
from core.entities import ENTITY_TYPES, EntityType, OnDelete
from core.errors import NotFound, TransientConflict
from core.storage.repositories import Reader, SlugLookup
from core.storage.violations import Write, diagnose
from core.text import slug_range

E = TypeVar("E")

_SLUGS_AT_ONCE = 40


class EntityMapping(Generic[E]):
    """The fixed part of an entity's repository: its table, its mapper, and statements that are built once.

    Attributes:
        entity_type: its declaration.
        table: where it is stored.
        mapper: of the entity, or of a view of it such as an order without its items.
        all: the query for all entities.
        conditions: what a list can be narrowed to, by the name of the filter's field.
    """

    def __init__(self, entity_type: EntityType[Any], view: type[E] | None = None) -> None:
        self.entity_type = entity_type
        self.table = table_of(entity_type)
        self.mapper: RowMapper[E] = RowMapper(view or entity_type.entity, self.table)
        self.all: Select[Any] = select(*self.mapper.columns)
        self.conditions = conditions_of(entity_type)
        by_id = self.all.where(self.table.c.id == bindparam("key"))
        is_shared = not ENTITY_TYPES.changes_referrers(entity_type)  # else no new reference may come up meanwhile
        self.by_id = CachedStatement(by_id)
        self.locked_by_id = CachedStatement(by_id.with_for_update(key_share=is_shared))
        self.delete_by_id = CachedStatement(self.table.delete().where(self.table.c.id == bindparam("key")))
        self._apart = [*entity_type.parts, *(link.field for link in entity_type.links)]
        self._updates: dict[tuple[str, ...], CachedStatement] = {}
        self._locks: dict[int, CachedStatement] = {}
        self._adjustments: dict[int, CachedStatement] = {}

    @cached_property
    def pages(self) -> PagedQuery[E]:
        """The lists of the entity."""
        return PagedQuery(self.all, self.table, self.mapper.read, self.conditions)

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of an entity with these values by field."""
        row = {**values, **self.entity_type.derive(values)}
        for name, key in self.entity_type.sort_keys.items():
            row[key] = values[name] or NULL_SORT_TIME
        for name in self._apart:
            row.pop(name, None)
        return row

    def update(self, names: tuple[str, ...]) -> CachedStatement:
        """The update of these columns of the row with the id ``key``, if its version is ``previous``."""
        if names not in self._updates:
            same = self.table.c.id == bindparam("key"), self.table.c.version == bindparam("previous")
            self._updates[names] = CachedStatement(self.table.update().where(*same), names)
        return self._updates[names]

    def lock_many(self, count: int) -> CachedStatement:
        """The query that locks so many rows in the order of their ids."""
        if count not in self._locks:
            query = self.all.where(self.table.c.id.in_(self._ids(count))).order_by(self.table.c.id)
            self._locks[count] = CachedStatement(query.with_for_update(key_share=True))
        return self._locks[count]

    def adjust(self, field: str, high: int, count: int) -> CachedStatement:
        """The update that adds to a quantity of so many rows, where it stays within 0 and ``high``."""
        if count not in self._adjustments:
            ids, row_id, quantity = self._ids(count), self.table.c.id, self.table.c[field]
            changes = [(row_id == key, bindparam(f"change_{n}", type_=quantity.type)) for n, key in enumerate(ids)]
            after = quantity + case(*changes)
            at = bindparam("at", type_=self.table.c.updated_at.type)
            guarded = self.table.update().where(row_id.in_(ids), after.between(0, high))
            self._adjustments[count] = CachedStatement(guarded.values({field: after, **next_version(self.table, at)}))
        return self._adjustments[count]

    def _ids(self, count: int) -> list[BindParameter[int]]:
        return [bindparam(f"id_{n}", type_=self.table.c.id.type) for n in range(count)]

    def referrer_updates(self, id: int, at: datetime) -> Iterable[Update]:
        """The new versions of entities that lose their reference or link when this one is deleted."""
        for referrer in ENTITY_TYPES.referrers(self.entity_type, OnDelete.SET_NULL):
            table, field = table_of(referrer.owner), referrer.reference.field
            yield update(table).where(table.c[field] == id).values({field: None, **next_version(table, at)})
        yield from self.linked_updates(id, at)

    def linked_updates(self, id: int, at: datetime) -> Iterable[Update]:
        """The new versions of entities that are linked to this one."""
        for owner, link in ENTITY_TYPES.linked_from(self.entity_type):
            table, links = table_of(owner), link_table_of(owner, link).c
            linked = select(links[f"{owner.name}_id"]).where(links[f"{self.entity_type.name}_id"] == id)
            yield update(table).where(table.c.id.in_(linked)).values(next_version(table, at))


def raise_violation(refused: IntegrityViolation, write: Write) -> NoReturn:
    """Raise the error whose cause is looked up once the unit of work is undone."""
    raise ConstraintViolation(lambda executor: diagnose([write], SqlConstraintReader(executor))) from refused


def next_version(table: Table, at: datetime | BindParameter[datetime]) -> dict[str, Any]:
    """The columns that every change ``at`` that time writes, computed in the database. A clock that was set back does
    not make the change older than the one before it.
    """
    now = at if isinstance(at, BindParameter) else literal(at, table.c.updated_at.type)
    later = case((table.c.updated_at > now, table.c.updated_at), else_=now)
    return {"updated_at": later, "version": table.c.version + 1}


class SqlReader(Reader[E]):
    """The read half of a repository."""

    def __init__(self, mapping: EntityMapping[E], executor: QueryExecutor) -> None:
        self._mapping = mapping
        self._executor = executor

    @override
    async def get(self, id: int) -> E:
        return await self._get_one(self._mapping.by_id, id)

    async def _get_one(self, query: CachedStatement, key: object) -> E:
        """The entity that a query by the unique ``key`` finds.

        Raises:
            NotFound: there is none.
        """
        found = await self._executor.rows(query, {"key": key})
        if not found:
            raise NotFound(self._mapping.entity_type.name, key)
        return self._mapping.mapper.read(found[0])


class SqlRepository(SqlReader[E]):
    """The write half of a repository."""

    _executor: UnitOfWorkExecutor

    def __init__(self, mapping: EntityMapping[E], executor: UnitOfWorkExecutor) -> None:
        super().__init__(mapping, executor)

    async def _insert(self, values: Sequence[Mapping[str, Any]], **others: Any) -> list[E]:
        """Insert new entities with these values by field; ``others`` completes them with what is no column."""
        mapping = self._mapping
        written = [mapping.row(one) for one in values]
        try:
            ids = await self._executor.insert(mapping.table, written)
        except IntegrityViolation as refused:
            raise_violation(refused, Write(mapping.entity_type, written))
        return [mapping.mapper.build(row | {"id": key}, **others) for key, row in zip(ids, written, strict=True)]

    async def _insert_drafts(self, drafts: Sequence[object], at: datetime) -> list[E]:
        """Insert new entities as clients drafted them."""
        return await self._insert([self._mapping.entity_type.new_values(draft, at) for draft in drafts])

    async def lock(self, id: int) -> E:
        """The entity as it is now, locked against changes by others until the unit of work ends."""
        return await self._get_one(self._mapping.locked_by_id, id)

    async def save(self, entity: E) -> None:
        """Store a locked entity after a change."""
        await self._update(entity, {})

    async def _update(self, entity: Any, extra: Mapping[str, Any]) -> None:
        """Write back an entity and ``extra`` columns, if the stored version is the one before."""
        mapping = self._mapping
        values = mapping.row({**mapping.mapper.values(entity), **extra})
        key = values.pop("id")
        guard = {"key": key, "previous": entity.version - 1}
        try:
            matched = await self._executor.write(mapping.update(tuple(values)), values | guard)
        except IntegrityViolation as refused:
            raise_violation(refused, Write(mapping.entity_type, [values | {"id": key}]))
        if matched != 1:
            raise TransientConflict

    async def delete(self, id: int, at: datetime) -> None:
        """Remove the entity, with the declared effects on those that refer to it."""
        if ENTITY_TYPES.changes_referrers(self._mapping.entity_type):
            await self.lock(id)
            for statement in self._mapping.referrer_updates(id, at):
                await self._executor.write(statement)
        if not await self._delete_where(self._mapping.table.c.id == id, self._mapping.delete_by_id, {"key": id}):
            raise NotFound(self._mapping.entity_type.name, id)

    async def _delete_where(
        self,
        condition: ColumnElement[bool],
        statement: CachedStatement | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> int:
        """Delete the rows that meet a condition, by a statement that was built before, if any; how many there were.

        Raises:
            StillReferenced: an entity that restricts deletion refers to one of them, or to one that is deleted with it.
        """
        try:
            return await self._executor.write(statement or self._mapping.table.delete().where(condition), params)
        except IntegrityViolation as refused:
            ids = select(self._mapping.table.c.id).where(condition)
            raise ConstraintViolation(partial(find_restriction, self._mapping.entity_type, ids)) from refused


class SqlSlugRepository(SqlRepository[E], SlugLookup):
    """A repository of entities with a slug."""

    @override
    async def existing_slugs(self, bases: Sequence[str]) -> set[str]:
        """A union of queries: a thousand conditions in one are deeper than SQLite parses, and SQLAlchemy undoes any
        nesting.
        """
        slug = self._mapping.table.c.slug
        ranges = [and_(slug >= low, slug < high) for low, high in map(slug_range, bases)]
        groups = [ranges[start : start + _SLUGS_AT_ONCE] for start in range(0, len(ranges), _SLUGS_AT_ONCE)]
        queries = [select(slug).where(or_(*group)) for group in groups]
        return {row[0] for row in await self._executor.rows(union_all(*queries))} if queries else set()


class SqlQuantityRepository(SqlRepository[E]):
    """A repository of entities with a quantity that is guarded, such as stock or money."""

    async def _lock_many(self, ids: Sequence[int]) -> list[E]:
        mapping = self._mapping
        found = await self._executor.rows(mapping.lock_many(len(ids)), {f"id_{n}": key for n, key in enumerate(ids)})
        return [mapping.mapper.read(row) for row in found]

    async def _adjust(self, field: str, high: int, changes: Mapping[int, int], at: datetime) -> None:
        """Add to the quantity of each entity, by one guarded UPDATE with a CASE over them.

        Raises:
            TransientConflict: an entity is gone, or its quantity would leave 0 to ``high``.
        """
        params: dict[str, Any] = {"at": at}
        for n, (key, change) in enumerate(changes.items()):
            params[f"id_{n}"], params[f"change_{n}"] = key, change
        if await self._executor.write(self._mapping.adjust(field, high, len(changes)), params) != len(changes):
            raise TransientConflict
