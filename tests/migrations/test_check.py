"""``stockroom check`` compares the schema with the declared one."""

import pytest

from backends.sql.migrations import SqlMigrations
from cli.check import examine
from conformance.defaults import settings_for
from tests.migrations.test_rebuild import read_triggers

pytestmark = pytest.mark.only("sqlite")


async def test_check_names_a_lost_trigger(
    history: SqlMigrations, blank_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await history.up()
    assert await examine(settings_for(blank_url)) is None
    await history.on_connection(lambda c: [c.exec_driver_sql(f"DROP TRIGGER {name}") for name, _ in read_triggers(c)])
    remedy = await examine(settings_for(blank_url))
    assert remedy is not None
    assert "search index posts is missing; search index products is missing" in remedy
