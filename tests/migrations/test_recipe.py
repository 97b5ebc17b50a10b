"""The recipe "Add a column" of CONTRIBUTING.md, followed to the letter."""

import re
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import Connection, inspect

from backends.sql.migrations import SqlMigrations
from tests.migrations.alembic_copy import ROOT, AlembicCopy

pytestmark = pytest.mark.only("sqlite", "postgresql", "mysql", "mariadb")

RECIPE = (ROOT / "CONTRIBUTING.md").read_text().partition("\n## Add a column\n")[2].partition("\n## ")[0]
BLOCKS = [dedent(block) for block in re.findall(r"(?ms)^   ```python\n(.*?)^   ```$", RECIPE)]
FIELD, MIGRATION = BLOCKS[:2]


def add_field(source: str) -> str:
    """The module of tags with the field in each class that a comment names."""
    rule, *fields = FIELD.strip().replace("\n\n", "\n").splitlines()
    source = source.replace("\n\n\n", f"\n{rule}\n\n\n", 1)
    for line in fields:
        field, name = re.split(r" +# ", line)
        source, count = re.subn(rf"(?s)(class {name}\b.*?)(?=\n\n\n)", rf"\1\n    {field}", source, count=1)
        assert count == 1
    return source


def tag_columns(connection: Connection) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns("tags")}


async def migrate_and_return(history: SqlMigrations, alembic: AlembicCopy) -> None:
    before = await history.on_connection(tag_columns)
    alembic.run("upgrade", "head")
    alembic.run("check")
    assert await history.on_connection(tag_columns) == before | {"description"}
    alembic.run("downgrade", "-1")
    assert await history.on_connection(tag_columns) == before


async def test_recipe_for_a_column_works(history: SqlMigrations, blank_url: str, tmp_path: Path) -> None:
    alembic = AlembicCopy(tmp_path / "copy", blank_url)
    alembic.run("upgrade", "head")
    tags = alembic.folder / "core" / "entities" / "tags.py"
    tags.write_text(add_field(tags.read_text()))
    revision = alembic.autogenerate("tag description")
    await migrate_and_return(history, alembic)
    frame = revision.read_text().partition("def upgrade")[0]
    revision.write_text(frame + MIGRATION)
    await migrate_and_return(history, alembic)
