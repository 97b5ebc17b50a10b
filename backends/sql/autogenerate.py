"""How Alembic compares a database with the declared tables, and writes revisions that run as they are."""

import datetime
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import compare_metadata, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import (
    AddColumnOp,
    CreateIndexOp,
    DropConstraintOp,
    DropIndexOp,
    DropTableOp,
    MigrateOperation,
    ModifyTableOps,
    OpContainer,
    UpgradeOps,
)
from alembic.runtime.migration import MigrationContext
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult
from sqlalchemy import BindParameter, Column, Connection, DefaultClause
from typing_extensions import override

from backends.sql import types
from backends.sql.dialects import DIALECTS
from backends.sql.dialects.sqlite import rebuild  # noqa: F401 - Alembic registers its class
from backends.sql.schema import metadata
from backends.sql.search import is_search_table

_PLUGIN = Plugin("stockroom")
_VERDICTS = {"add": "is missing", "modify": "differs"}


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Whether Alembic compares it with our tables: the index of a search is described in its revision alone."""
    return not (kind == "table" and is_search_table(name or ""))


def render_item(kind: str, item: Any, context: AutogenContext) -> str | bool:
    """The source code of our types, and of times, which is the same for every database; False for all else."""
    if kind == "type" and (rendered := types.render(item)):
        context.imports.add(f"from backends.sql.types import {rendered.partition('(')[0]}")
        return rendered
    match item:
        case DefaultClause(arg=BindParameter(value=value, type=types.UtcDateTime())):
            context.imports.update(("import datetime", "from backends.sql.types import UtcDateTime"))
            return f"sa.literal({value!r}, UtcDateTime())"
    return False


def compare_default(
    _context: object, _found: object, _declared: object, found: str | None, default: object, _rendered: object
) -> bool | None:
    """Whether a default that is a time differs, however a database writes it; None leaves others to Alembic."""
    match default, re.search("'([^']+)'", found or ""):
        case DefaultClause(arg=BindParameter(value=datetime.datetime() as value)), re.Match() as written:
            time = datetime.datetime.fromisoformat(written[1])
            return value != (time if time.tzinfo else time.replace(tzinfo=datetime.UTC))
    return None


def arrange(operations: OpContainer) -> None:
    """Put operations into an order in which they run: MySQL does not drop the last index that a reference needs.

    The indexes of a table are dropped with it. Else references are dropped and other indexes created before.
    """
    dropped = {op.table_name for op in operations.ops if isinstance(op, DropTableOp)}
    for changes in operations.ops:
        if isinstance(changes, ModifyTableOps) and changes.table_name in dropped:
            changes.ops = [op for op in changes.ops if not isinstance(op, DropIndexOp)]
        elif isinstance(changes, ModifyTableOps):
            replaced = {op.index_name for op in changes.ops if isinstance(op, DropIndexOp)}
            changes.ops.sort(key=lambda op: _rank(op, replaced))
    operations.ops = [op for op in operations.ops if not isinstance(op, ModifyTableOps) or op.ops]


def _rank(operation: MigrateOperation, replaced: Set[str | None]) -> int:
    match operation:
        case AddColumnOp():
            return 0
        case DropConstraintOp(constraint_type="foreignkey"):
            return 1
        case CreateIndexOp(index_name=name) if name not in replaced:
            return 2
    return 3


OPTIONS: dict[str, Any] = {
    "target_metadata": metadata,
    "include_name": include_name,
    "render_item": render_item,
    "render_as_batch": True,
    "compare_server_default": compare_default,
    "autogenerate_plugins": ("alembic.autogenerate.*", "alembic.ext.checkconstraint_byname", _PLUGIN.name),
}
"""Of Alembic's context, wherever it compares."""


@dataclass(frozen=True)
class StepOp(MigrateOperation):
    """A call of a step of ``migrations.sql.steps`` with the name of a table, and of the step that undoes it."""

    step: str
    undo: str
    name: str

    @override
    def reverse(self) -> "StepOp":
        return StepOp(self.undo, self.step, self.name)

    @override
    def to_diff_tuple(self) -> tuple[str, "StepOp"]:
        verb, _, what = self.step.partition("_")
        return f"{'remove' if verb == 'drop' else 'add'}_{what}", self


@renderers.dispatch_for(StepOp)
def _render_step(context: AutogenContext, operation: StepOp) -> str:
    context.imports.add(f"from migrations.sql.steps import {operation.step}")
    return f"{operation.step}({operation.name!r})"


def _compare_steps(context: AutogenContext, upgrade: UpgradeOps, _schemas: object) -> PriorityDispatchResult:
    """Compare what Alembic does not know: the indexes of searches, and whether ids are never used again."""
    connection: Connection = context.connection  # type: ignore[assignment]
    steps = [*_search_index_steps(connection), *_autoincrement_steps(connection)]
    drops = [step for step in steps if step.step.startswith("drop")]
    upgrade.ops = [*drops, *upgrade.ops, *(step for step in steps if step not in drops)]
    return PriorityDispatchResult.CONTINUE


_PLUGIN.add_autogenerate_comparator(_compare_steps, "schema", priority=DispatchPriority.LAST)


def _search_index_steps(connection: Connection) -> Iterator[StepOp]:
    dialect = DIALECTS[connection.dialect.name]
    if (ddl := dialect.search_index_ddl) is None:
        return
    found = set(connection.exec_driver_sql(dialect.schema_objects).scalars())
    searched = {table.name for table in metadata.tables.values() if "search_key" in table.c}
    for table in sorted(searched):
        present = found & {part.format(table=table) for part in ddl.parts}
        if len(present) < len(ddl.parts):  # what is incomplete is created anew, and never taken away by going back
            yield StepOp("create_search_index", "create_search_index" if present else "drop_search_index", table)
    for table in sorted({name.removesuffix("_search") for name in found if name.endswith("_search")} - searched):
        yield StepOp("drop_search_index", "create_search_index", table)


def _autoincrement_steps(connection: Connection) -> Iterator[StepOp]:
    dialect = DIALECTS[connection.dialect.name]
    if dialect.autoincrement_tables:
        options = dialect.id_options.items()
        declared = {table.name for table in metadata.tables.values() if options <= table.kwargs.items()}
        declared &= set(connection.exec_driver_sql(dialect.schema_objects).scalars())
        for table in sorted(declared - set(connection.exec_driver_sql(dialect.autoincrement_tables).scalars())):
            yield StepOp("restore_autoincrement", "restore_autoincrement", table)


def describe_differences(connection: Connection) -> list[str]:
    """What a database at the head revision lacks or has otherwise, one sentence each; not what others added to it."""
    context = MigrationContext.configure(connection, opts=OPTIONS)
    found: list[Any] = []
    for diff in compare_metadata(context, metadata):
        found += diff if isinstance(diff, list) else [diff]
    return sorted(_describe(*diff) for diff in found if diff[0].partition("_")[0] in _VERDICTS)


def _describe(kind: str, *details: Any) -> str:
    verb, _, what = kind.partition("_")
    match details:
        case (item,):
            name = item.name
        case (_, table, Column(name=column)) | (_, table, str(column), *_):
            name = f"{table}.{column}"
    return f"{what.replace('_', ' ')} {name} {_VERDICTS[verb]}"
