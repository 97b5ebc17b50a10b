"""What every entity's repository does the same way."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic, NoReturn, TypeVar

from sqlalchemy import BindParameter, Select, Table, and_, bindparam, case, literal, or_, select, union_all
from typing_extensions import override

from backends.sql.dialects import ErrorClass
from backends.sql.errors import ConstraintViolation, IntegrityViolation
from backends.sql.executor import UnitOfWorkExecutor
from backends.sql.mapper import RowMapper
from backends.sql.statement import CachedStatement, QueryExecutor
from backends.sql.violations import Unique, ViolationLookup
from core.errors import NotFound, StillReferenced, TransientConflict
from core.storage.repositories import Reader, SlugLookup
from core.text import slug_range

E = TypeVar("E")

_SLUGS_AT_ONCE = 40


class EntityMapping(Generic[E]):
    """The fixed part of an entity's repository: its name, its mapper, and statements that are built once.

    Attributes:
        name: as a client reads it in an error.
        mapper: of the entity and its table.
        table: where it is stored.
        violations: what the table can refuse.
        derived: from a row's values to the columns that are computed from them, such as search keys.
        restricted_by: what keeps it from being deleted.
        all: the query for all entities.
    """

    def __init__(  # noqa: PLR0913 - a declaration
        self,
        name: str,
        mapper: RowMapper[E],
        uniques: Sequence[Unique] = (),
        derived: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _: {},
        restricted_by: str = "",
        *,
        locks_exclusively: bool = False,
    ) -> None:
        """``locks_exclusively``: a lock also keeps others from beginning to refer to it, for a change of it is one of
        those that refer to it.
        """
        self.name = name
        self.mapper = mapper
        self.table = mapper.table
        self.violations = ViolationLookup(mapper.table, tuple(uniques))
        self.derived = derived
        self.restricted_by = restricted_by
        self.all: Select[Any] = select(*mapper.columns)
        by_id = self.all.where(self.table.c.id == bindparam("key"))
        self.by_id = CachedStatement(by_id)
        self.locked_by_id = CachedStatement(by_id.with_for_update(key_share=not locks_exclusively))
        self.delete_by_id = CachedStatement(self.table.delete().where(self.table.c.id == bindparam("key")))
        self._updates: dict[tuple[str, ...], CachedStatement] = {}

    def update(self, names: tuple[str, ...]) -> CachedStatement:
        """The update of these columns of the row with the id ``key``, if its version is ``previous``."""
        if names not in self._updates:
            same = self.table.c.id == bindparam("key"), self.table.c.version == bindparam("previous")
            self._updates[names] = CachedStatement(self.table.update().where(*same), names)
        return self._updates[names]

    def raise_violation(self, refused: IntegrityViolation, written: Sequence[Mapping[str, Any]]) -> NoReturn:
        """Turn a refused write into a violation that can be diagnosed later."""
        raise ConstraintViolation(partial(self.violations.diagnose, written=written)) from refused


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
            raise NotFound(self._mapping.name, key)
        return self._mapping.mapper.read(found[0])


class SqlRepository(SqlReader[E]):
    """The write half of a repository."""

    _executor: UnitOfWorkExecutor

    def __init__(self, mapping: EntityMapping[E], executor: UnitOfWorkExecutor) -> None:
        super().__init__(mapping, executor)

    async def _insert(self, drafts: Sequence[Mapping[str, Any]], at: datetime, **others: Any) -> list[E]:
        """Insert new rows; ``others`` completes the entities with what is no column of theirs."""
        mapping = self._mapping
        stamp = {"created_at": at, "updated_at": at, "version": 1}
        written = [{**draft, **stamp} for draft in drafts]
        for row in written:
            row.update(mapping.derived(row))
        try:
            ids = await self._executor.insert(mapping.table, written)
        except IntegrityViolation as refused:
            mapping.raise_violation(refused, written)
        return [mapping.mapper.build(row | {"id": key}, **others) for key, row in zip(ids, written, strict=True)]

    async def lock(self, id: int) -> E:
        """The entity as it is now, locked against changes by others until the unit of work ends."""
        return await self._get_one(self._mapping.locked_by_id, id)

    async def save(self, entity: E) -> None:
        """Store a locked entity after a change."""
        await self._update(entity, {})

    async def _update(self, entity: Any, extra: Mapping[str, Any]) -> None:
        """Write back an entity and ``extra`` columns, if the stored version is the one before."""
        mapping = self._mapping
        values = {**mapping.mapper.values(entity), **extra}
        values.update(mapping.derived(values))
        key = values.pop("id")
        guard = {"key": key, "previous": entity.version - 1}
        try:
            matched = await self._executor.write(mapping.update(tuple(values)), values | guard)
        except IntegrityViolation as refused:
            mapping.raise_violation(refused, [values | {"id": key}])
        if matched != 1:
            raise TransientConflict

    async def delete(self, id: int) -> None:
        """Remove the entity, if nothing that must not lose it refers to it."""
        try:
            deleted = await self._executor.write(self._mapping.delete_by_id, {"key": id})
        except IntegrityViolation as refused:
            if refused.error_class is ErrorClass.REFERENCE and self._mapping.restricted_by:
                raise StillReferenced(self._mapping.name, self._mapping.restricted_by) from refused
            raise
        if not deleted:
            raise NotFound(self._mapping.name, id)


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
