"""What every aggregate's repository does the same way."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic, NoReturn, TypeVar

from sqlalchemy import Select, bindparam, select

from backends.sql.dialects import Fault
from backends.sql.errors import Clash, Refused, Rows
from backends.sql.mapping import Shape
from backends.sql.probe import Probe, Unique
from backends.sql.session import Work
from backends.sql.statement import Statement
from core.errors import NotFound, StillReferenced, TransientConflict

E = TypeVar("E")


class Aggregate(Generic[E]):
    """The fixed part of an aggregate: its name, its shape, and statements that are built once.

    Attributes:
        name: as a client reads it in an error.
        shape: the entity in its table.
        uniques: its unique constraints, in the order in which they are reported.
        derived: from a row's values to the columns that are computed from them, such as search keys.
        restricted_by: what keeps it from being deleted.
        ripples: whether a change of it is one of those who refer to it; a lock then lets nobody begin to.
    """

    def __init__(  # noqa: PLR0913 - a declaration
        self,
        name: str,
        shape: Shape[E],
        uniques: Sequence[Unique] = (),
        derived: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _: {},
        restricted_by: str = "",
        *,
        ripples: bool = False,
    ) -> None:
        self.name = name
        self.shape = shape
        self.table = shape.table
        self.probe = Probe(shape.table, tuple(uniques))
        self.derived = derived
        self.restricted_by = restricted_by
        self.all: Select[Any] = select(*shape.columns)
        by_id = self.all.where(self.table.c.id == bindparam("key"))
        self.by_id = Statement(by_id)
        self.locked_by_id = Statement(by_id.with_for_update(key_share=not ripples))
        self.delete_by_id = Statement(self.table.delete().where(self.table.c.id == bindparam("key")))
        self._updates: dict[tuple[str, ...], Statement] = {}

    def update(self, names: tuple[str, ...]) -> Statement:
        """The update of these columns of the row with the id ``key``, if its version is ``previous``."""
        if names not in self._updates:
            same = self.table.c.id == bindparam("key"), self.table.c.version == bindparam("previous")
            self._updates[names] = Statement(self.table.update().where(*same), names)
        return self._updates[names]

    def refuse(self, refused: Refused, written: Sequence[Mapping[str, Any]]) -> NoReturn:
        """Turn a refused write into a clash that can be explained later."""
        raise Clash(partial(self.probe.explain, written=written)) from refused


class SqlReader(Generic[E]):
    """The read half of a repository."""

    def __init__(self, aggregate: Aggregate[E], rows: Rows) -> None:
        self._aggregate = aggregate
        self._rows = rows

    async def get(self, id: int) -> E:
        """See ``Reader.get``."""
        return await self.one(self._aggregate.by_id, id)

    async def one(self, query: Statement, key: object) -> E:
        """The entity that a query by a unique key finds.

        Raises:
            NotFound: there is none.
        """
        found = await self._rows.rows(query, {"key": key})
        if not found:
            raise NotFound(self._aggregate.name, key)
        return self._aggregate.shape.read(found[0])


class SqlRepository(SqlReader[E]):
    """The write half of a repository."""

    def __init__(self, aggregate: Aggregate[E], work: Work) -> None:
        super().__init__(aggregate, work)
        self._work = work

    async def store(self, drafts: Sequence[Mapping[str, Any]], at: datetime, **others: Any) -> list[E]:
        """Insert new rows; ``others`` completes the entities with what is no column of theirs."""
        aggregate = self._aggregate
        stamp = {"created_at": at, "updated_at": at, "version": 1}
        written = [{**draft, **stamp} for draft in drafts]
        for row in written:
            row.update(aggregate.derived(row))
        try:
            ids = await self._work.insert(aggregate.table, written)
        except Refused as refused:
            aggregate.refuse(refused, written)
        return [aggregate.shape.build(row | {"id": key}, **others) for key, row in zip(ids, written, strict=True)]

    async def lock(self, id: int) -> E:
        """See ``Repository.lock``."""
        return await self.one(self._aggregate.locked_by_id, id)

    async def save(self, entity: E) -> None:
        """See ``Repository.save``."""
        await self.put(entity, {})

    async def put(self, entity: Any, extra: Mapping[str, Any]) -> None:
        """Write back an entity and ``extra`` columns, if the stored version is the one before."""
        aggregate = self._aggregate
        values = {**aggregate.shape.values(entity), **extra}
        values.update(aggregate.derived(values))
        key = values.pop("id")
        guard = {"key": key, "previous": entity.version - 1}
        try:
            matched = await self._work.write(aggregate.update(tuple(values)), values | guard)
        except Refused as refused:
            aggregate.refuse(refused, [values | {"id": key}])
        if matched != 1:
            raise TransientConflict

    async def delete(self, id: int) -> None:
        """See ``Repository.delete``."""
        try:
            deleted = await self._work.write(self._aggregate.delete_by_id, {"key": id})
        except Refused as refused:
            if refused.fault is Fault.REFERENCE and self._aggregate.restricted_by:
                raise StillReferenced(self._aggregate.name, self._aggregate.restricted_by) from refused
            raise
        if not deleted:
            raise NotFound(self._aggregate.name, id)
