"""The queries by which core finds out which constraint a write violated, once its unit of work is undone."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Select, or_, select
from typing_extensions import override

from backends.sql.schema import metadata, table_of
from backends.sql.statement import QueryExecutor
from core.entities import ENTITY_TYPES, EntityType, OnDelete
from core.errors import StillReferenced, StockroomError, TransientConflict
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


async def find_restriction(entity_type: EntityType[Any], ids: Select[Any], executor: QueryExecutor) -> StockroomError:
    """Why entities with these ids could not be deleted; a transient conflict where nothing is in the way any more."""
    return await _find_restricting(entity_type, ids, executor) or TransientConflict()


async def _find_restricting(
    entity_type: EntityType[Any], ids: Select[Any], executor: QueryExecutor
) -> StillReferenced | None:
    """The first reference in the way: to the entities themselves, then to those that are deleted with them."""
    for referrer in ENTITY_TYPES.referrers(entity_type, OnDelete.RESTRICT, OnDelete.CASCADE):
        columns, field = table_of(referrer.type).c, referrer.reference.field
        refers = columns[field].in_(ids)
        if referrer.reference.on_delete is OnDelete.CASCADE:
            deleted = select(columns[referrer.type.key]).where(refers)
            if found := await _find_restricting(referrer.type, deleted, executor):
                return found
        elif await executor.rows(select(columns[field]).where(refers).limit(1)):
            return StillReferenced(entity_type.name, referrer.label)
    return None
