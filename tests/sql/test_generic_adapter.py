"""A driver without an adapter of its own: statements go through SQLAlchemy's connection, and all works the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Integer, bindparam, select
from sqlalchemy.ext.asyncio import create_async_engine

from backends.sql.dialects import SQLITE
from backends.sql.drivers import SqlalchemyAdapter
from backends.sql.statement import CachedStatement
from conformance import Target

ROOT = Path(__file__).parent.parent.parent

# Takes the adapters away in every Python process of the run; SQLite's would not work any more.
WITHOUT_ADAPTERS = """
from dataclasses import replace

import backends.sql.plugin
from backends.sql.dialects import DIALECTS
from backends.sql.dialects.sqlite.drivers import AiosqliteAdapter

del AiosqliteAdapter.rows, AiosqliteAdapter.write, AiosqliteAdapter.execute_raw
backends.sql.plugin.DIALECTS = {name: replace(dialect, driver_adapters={}) for name, dialect in DIALECTS.items()}
"""


def test_unknown_driver_gets_generic_adapter() -> None:
    assert isinstance(SQLITE.adapter_of("another"), SqlalchemyAdapter)
    assert SQLITE.adapter_of("aiosqlite") is SQLITE.driver_adapters["aiosqlite"]


@pytest.mark.parametrize("paramstyle", ["qmark", "numeric", "named"])
async def test_generic_adapter_knows_every_paramstyle(paramstyle: str) -> None:
    engine = create_async_engine("sqlite+aiosqlite://", paramstyle=paramstyle)
    difference = bindparam("first", type_=Integer()) - bindparam("second", type_=Integer())
    compiled = CachedStatement(select(difference, bindparam("first", type_=Integer()))).compile(engine.dialect)
    async with engine.connect() as connection:
        arguments = compiled.arguments({"first": 5, "second": 3})
        assert await SqlalchemyAdapter().rows(connection, compiled.sql, arguments) == [(2, 5)]
    await engine.dispose()


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pytest.mark.only("sqlite")
def test_conformance_suite_passes_without_adapter(conformance_target: Target, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_ADAPTERS)
    path = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
    options = ["--storage", "sqlite", "-n", "2", "-q", "--tb=short", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "conformance/suite", *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sqlite: conformant" in done.stdout
