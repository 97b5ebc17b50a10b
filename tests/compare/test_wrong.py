"""A fast storage that is wrong is reported as wrong: a stranger's plugin, found as anybody's, that loses stock."""

import json
from pathlib import Path

import pytest

from tests.compare.command import BRIEF, compare

pytestmark = pytest.mark.thorough

PLUGIN = '''
"""SQLite, but one order in three takes no stock, which saves a write."""

import os
from itertools import count

from pydantic import SecretStr

from backends.sql.backend import SqlBackend
from backends.sql.dialects import SQLITE
from core.plugins import hookimpl


class Forgetful:
    name = "leaky"
    schemes = ("leaky",)

    def __init__(self, honest):
        self.honest = honest
        self.orders = count()

    def __getattr__(self, name):
        return getattr(self.honest, name)

    def migrations(self, settings):
        return self.honest.migrations(honest(settings))

    async def open(self, settings):
        storage = await self.honest.open(honest(settings))
        run = storage.run

        async def forgetful(work):
            async def part(tx):
                shift = tx.products.adjust_stock

                async def sometimes(changes, at):
                    if min(changes.values()) > 0 or next(self.orders) % 3:
                        await shift(changes, at)

                tx.products.adjust_stock = sometimes
                return await work(tx)

            return await run(part)

        storage.run = forgetful
        return storage


def honest(settings):
    return settings.model_copy(update={"database_url": SecretStr(settings.url.replace("leaky:", "sqlite:"))})


@hookimpl
def stockroom_backends():
    return [Forgetful(SqlBackend(SQLITE))]
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A folder with the plugin as if it were installed."""
    folder = tmp_path / "site"
    facts = folder / "leaky-1.0.dist-info"
    facts.mkdir(parents=True)
    (folder / "leaky.py").write_text(PLUGIN)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[stockroom]\nleaky = leaky\n")
    return folder


def test_a_storage_that_loses_stock_is_reported_as_wrong(plugin: Path, tmp_path: Path) -> None:
    options = [*BRIEF, "--clients=2", "--workload=checkout", "--json=figures.json", "--report=report.html"]
    told = compare(tmp_path, "sqlite:///right.db", "leaky:///wrong.db", *options, path=plugin)
    assert told.code == 1, told.err + told.out
    assert "WRONG: round 1: stock is not conserved: product" in told.out.replace("\n", " ")
    figures = json.loads((tmp_path / "figures.json").read_text())
    right, wrong = figures["storages"]
    assert (figures["right"], right["right"], wrong["right"]) == (False, True, False)
    assert right["findings"] == []
    [finding] = wrong["findings"]
    assert finding.startswith("round 1: stock is not conserved: product ")
    assert finding.count("pieces too many") == 3
    page = (tmp_path / "report.html").read_text()
    assert "leaky is wrong: its books do not add up." in page
    assert "sqlite is wrong" not in page


def test_a_storage_that_breaks_down_leaves_the_others_in_the_race(plugin: Path, tmp_path: Path) -> None:
    broken = (
        (plugin / "leaky.py").read_text().replace("next(self.orders) % 3:", "next(self.orders) < 60 or os._exit(3):")
    )
    (plugin / "leaky.py").write_text(broken)
    options = [*BRIEF, "--rounds=2", "--clients=2", "--workload=checkout", "--json=figures.json", "--duration=0.5"]
    told = compare(tmp_path, "leaky:///wrong.db", "sqlite:///right.db", *options, path=plugin)
    assert told.code == 1, told.err + told.out
    broken_down, right = json.loads((tmp_path / "figures.json").read_text())["storages"]
    assert broken_down["broken"].startswith("round 1: ")
    assert (right["right"], len(right["started_in"])) == (True, 2)
    assert "broken: round 1: its process has ended" in told.out
