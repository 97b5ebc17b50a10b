"""Rebuilding tables of SQLite, which cannot alter them: Alembic's batch mode, without the losses.

Alembic creates a table beside the old one from what it can read of it. By itself it leaves out the triggers, which are
dropped with the old table, and AUTOINCREMENT with the highest id ever used.
"""

from typing import Any

from alembic.ddl.sqlite import SQLiteImpl
from sqlalchemy import Table
from typing_extensions import override

_TRIGGERS = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
_IS_AUTOINCREMENT = "SELECT sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE type = 'table' AND name = ?"
_KEEP_SEQUENCE = """
INSERT INTO sqlite_sequence (name, seq) SELECT '{new}', seq FROM sqlite_sequence WHERE name = '{old}'
AND NOT EXISTS (SELECT * FROM sqlite_sequence WHERE name = '{new}')
"""


class LosslessSQLiteImpl(SQLiteImpl):
    """SQLite for Alembic, which uses the class for ``__dialect__`` that was defined last.

    A script that is only printed cannot know the triggers: ``steps.create_search_index`` creates those of searches.
    """

    __dialect__ = "sqlite"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._triggers: dict[str, list[str]] = {}

    @override
    def prep_table_for_batch(self, batch_impl: Any, table: Table) -> None:
        new: Table = batch_impl.new_table
        if self.connection is not None and not self.as_sql:
            self._triggers[table.name] = [row[0] for row in self.connection.exec_driver_sql(_TRIGGERS, (table.name,))]
            if self.connection.exec_driver_sql(_IS_AUTOINCREMENT, (table.name,)).scalar_one():
                table.kwargs["sqlite_autoincrement"] = new.kwargs["sqlite_autoincrement"] = True
        if table.dialect_options["sqlite"]["autoincrement"]:
            self.execute(_KEEP_SEQUENCE.format(new=new.name, old=table.name))

    @override
    def rename_table(self, old_table_name: str, new_table_name: str, schema: str | None = None) -> None:
        super().rename_table(old_table_name, new_table_name, schema)
        for trigger in self._triggers.pop(new_table_name, ()):
            self.connection.exec_driver_sql(trigger)  # type: ignore[union-attr]
