"""An incorrect storage is reported as wrong: an external plugin, found like any other, that loses stock."""

import json
from pathlib import Path

import pytest

from tests.compare.command import BRIEF, compare

pytestmark = pytest.mark.thorough

PLUGIN = '''
"""SQLite, but one order in three takes no stock."""

import os
from itertools import count

from pydantic import SecretStr

from backends.sql.backend import SqlBackend
from backends.sql.dialects import SQLITE
from core.plugins import hookimpl


class LeakyBackend:
    name = "leaky"
    schemes = ("leaky",)

    def __init__(self, inner):
        self.inner = inner
        self.orders = count()

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def select_variant(self, settings):
        return self

    def migrations(self, settings):
        return self.inner.migrations(sqlite_settings(settings))

    async def open(self, settings):
        storage = await self.inner.open(sqlite_settings(settings))
        run = storage.run

        async def leaky_run(work):
            async def leaky_work(tx):
                adjust_stock = tx.products.adjust_stock

                async def adjust_sometimes(changes, at):
                    if min(changes.values()) > 0 or next(self.orders) % 3:
                        await adjust_stock(changes, at)

                tx.products.adjust_stock = adjust_sometimes
                return await work(tx)

            return await run(leaky_work)

        storage.run = leaky_run
        return storage


def sqlite_settings(settings):
    return settings.model_copy(update={"database_url": SecretStr(settings.url.replace("leaky:", "sqlite:"))})


@hookimpl
def stockroom_backends():
    return [LeakyBackend(SqlBackend(SQLITE))]
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A folder in which the plugin is installed."""
    folder = tmp_path / "site"
    metadata = folder / "leaky-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "leaky.py").write_text(PLUGIN)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[stockroom]\nleaky = leaky\n")
    return folder


def test_storage_that_loses_stock_is_wrong(plugin: Path, tmp_path: Path) -> None:
    options = [*BRIEF, "--clients=2", "--workload=checkout", "--json=figures.json", "--report=report.html"]
    result = compare(tmp_path, "sqlite:///right.db", "leaky:///wrong.db", *options, path=plugin)
    assert result.code == 1, result.err + result.out
    assert "WRONG: round 1: stock is not conserved: product" in result.out.replace("\n", " ")
    figures = json.loads((tmp_path / "figures.json").read_text())
    right, wrong = figures["storages"]
    assert (figures["right"], right["right"], wrong["right"]) == (False, True, False)
    assert right["findings"] == []
    [finding] = wrong["findings"]
    assert finding.startswith("round 1: stock is not conserved: product ")
    assert finding.count("pieces too many") == 3
    page = (tmp_path / "report.html").read_text()
    assert "leaky is wrong: the audit found discrepancies." in page
    assert "sqlite is wrong" not in page


def test_failed_storage_leaves_the_others_running(plugin: Path, tmp_path: Path) -> None:
    failing = (
        (plugin / "leaky.py").read_text().replace("next(self.orders) % 3:", "next(self.orders) < 60 or os._exit(3):")
    )
    (plugin / "leaky.py").write_text(failing)
    options = [*BRIEF, "--rounds=2", "--clients=2", "--workload=checkout", "--json=figures.json", "--duration=0.5"]
    result = compare(tmp_path, "leaky:///wrong.db", "sqlite:///right.db", *options, path=plugin)
    assert result.code == 1, result.err + result.out
    failed, right = json.loads((tmp_path / "figures.json").read_text())["storages"]
    assert failed["broken"].startswith("round 1: ")
    assert (right["right"], len(right["started_in"])) == (True, 2)
    assert "broken: round 1: its process has ended" in result.out
