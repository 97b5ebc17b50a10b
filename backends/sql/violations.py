"""The queries by which core finds out which constraint a write violated, once its unit of work is undone."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import or_, select
from typing_extensions import override

from backends.sql.schema import metadata, table_of
from backends.sql.statement import QueryExecutor
from core.entities import EntityType
from core.storage.violations import ConstraintReader, Values


class SqlConstraintReader(ConstraintReader):
    """Reads outside a unit of work."""

    def __init__(self, executor: QueryExecutor) -> None:
        self._executor = executor

    @override
    async def existing_ids(self, plural: str, ids: Collection[int]) -> Collection[int]:
        row_id = metadata.tables[plural].c.id
        return [row[0] for row in await self._executor.rows(select(row_id).where(row_id.in_(ids)))]

    @override
    async def matching_any(
        self, entity_type: EntityType[Any], wanted: Mapping[str, Collection[Any]]
    ) -> Iterable[Values]:
        columns = table_of(entity_type).c
        names = dict.fromkeys(["id", *(key for unique in entity_type.unique for key in unique.keys)])
        alike = [columns[name].in_(values) for name, values in wanted.items()]
        found = await self._executor.rows(select(*(columns[name] for name in names)).where(or_(*alike)))
        return [dict(zip(names, row, strict=True)) for row in found]
