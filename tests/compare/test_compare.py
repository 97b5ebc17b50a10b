"""``stockroom compare`` end to end, on real storages."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from compare.operations import OPERATIONS
from compare.outcome import Measurement
from conformance.defaults import settings_for
from core.plugins import Registry
from core.storage import CAPABILITY_INFO
from demo.scale import Scale
from demo.writer import is_empty, write_shop
from tests.compare.command import BRIEF, compare

pytestmark = pytest.mark.thorough

Json = dict[str, Any]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Json, str]:
    """A folder, the JSON and the table of a comparison of all workloads on SQLite and mongomock."""
    folder = tmp_path_factory.mktemp("compared")
    options = [*BRIEF, "--rounds=2", "--clients=1,3", "--json=figures.json", "--report=report.html"]
    result = compare(folder, "sqlite:///a.db", "mongomock://x", *options, POOL_SIZE=7)
    assert result.code == 0, result.err
    return folder, json.loads((folder / "figures.json").read_text()), result.out


def test_every_cell_is_measured_on_both_storages(compared: tuple[Path, Json, str]) -> None:
    _, figures, _ = compared
    cells = [(cell["workload"], cell["clients"], cell["storage"]) for cell in figures["cells"]]
    assert len(cells) == len(set(cells)) == 4 * 2 * 2
    for cell in figures["cells"]:
        assert len(cell["throughput"]) == 2
        assert all(rate > 0 for rate in cell["throughput"])
        latency = cell["latency"]
        assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["max"] < 10
        assert cell["failed"] == {"unserved": 0}
        assert cell["trips_per_request"] >= 1
        assert set(cell["operations"]) <= set(figures["mixtures"][cell["workload"]])
    mixed = {name for cell in figures["cells"] for name in cell["operations"]}
    assert mixed >= set(OPERATIONS) - {"cancel", "place_and_notify"}


def test_round_trips_are_within_the_budget(compared: tuple[Path, Json, str]) -> None:
    """A product takes one round trip, an order six."""
    _, figures, _ = compared
    for cell in figures["cells"]:
        for name, operation in cell["operations"].items():
            if name in ("product", "product_by_slug") and operation["answered"]:
                assert operation["trips"] == operation["answered"]
            if name == "place_order" and cell["storage"] == "sqlite" and operation["answered"]:
                assert operation["trips"] <= 6 * operation["answered"]


def test_ratios_compare_with_the_first_storage(compared: tuple[Path, Json, str]) -> None:
    _, figures, _ = compared
    for cell in figures["cells"]:
        if cell["storage"] == "sqlite":
            assert cell["ratios"] == {}
        else:
            for ratio in cell["ratios"].values():
                assert ratio["low"] <= ratio["value"] <= ratio["high"]
                assert ratio["rounds"] == 2


def test_storages_are_described_and_correct(compared: tuple[Path, Json, str]) -> None:
    _, figures, _ = compared
    sqlite, mongomock = figures["storages"]
    assert figures["right"]
    assert sqlite["server"].startswith("SQLite 3.")
    assert sqlite["driver"].startswith("aiosqlite ")
    assert sqlite["settings"] == {"pool_size": 7}
    assert set(sqlite["capabilities"]) == set(CAPABILITY_INFO)
    assert sqlite["size"]["afterwards"] >= sqlite["size"]["filled"] > 100_000
    assert mongomock["size"] == {"filled": None, "afterwards": None}, "it does not declare reports_size"
    for storage in (sqlite, mongomock):
        assert (storage["findings"], storage["broken"]) == ([], None)
        assert all(0 < seconds < 60 for seconds in storage["started_in"] + storage["filled_in"])
        assert 20e6 < storage["memory"]["started"] <= storage["memory"]["most"] < 2e9
    assert figures["machine"]["cores"] >= 1
    assert "://" not in json.dumps(figures)


def test_table_shows_the_results(compared: tuple[Path, Json, str]) -> None:
    _, _, table = compared
    for word in ("browse", "checkout", "write", "mixed", "× sqlite (95 %)", "3 clients", "passed", "mongomock 4."):
        assert word in table


def test_store_is_empty_afterwards(compared: tuple[Path, Json, str], registry: Registry) -> None:
    folder, _, _ = compared
    settings = settings_for(f"sqlite:///{folder / 'a.db'}")
    assert asyncio.run(registry.choose(settings).migrations(settings).current()) is None


# Refusals


async def _fill(url: str, registry: Registry) -> None:
    settings = settings_for(url)
    await registry.choose(settings).migrations(settings).up()
    storage = await registry.choose(settings).open(settings)
    await write_shop(storage, Scale(1), "none", lambda _: None)
    await storage.close()


async def _is_filled(url: str, registry: Registry) -> bool:
    storage = await registry.choose(settings_for(url)).open(settings_for(url))
    try:
        return not await is_empty(storage)
    finally:
        await storage.close()


@pytest.mark.needs("durable")
def test_nonempty_store_is_not_touched(blank_url: str, registry: Registry, tmp_path: Path) -> None:
    asyncio.run(_fill(blank_url, registry))
    result = compare(tmp_path, "mongomock://x", blank_url, *BRIEF)
    assert (result.code, result.out) == (2, "")
    assert "The store is not empty" in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert asyncio.run(_is_filled(blank_url, registry))


@pytest.mark.parametrize("options", [["--duration=0"], ["--report=absent/report.html"], ["--json=."], ["--clients=x"]])
def test_bad_option_fails_before_the_measurement(options: list[str], tmp_path: Path) -> None:
    result = compare(tmp_path, "sqlite:///a.db", "mongomock://x", *options)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"stockroom: {options[0].partition('=')[0]}: ")
    assert not list(tmp_path.iterdir())


def test_password_is_never_shown(tmp_path: Path) -> None:
    result = compare(tmp_path, "sqlite:///a.db", "postgresql://me:geheim@127.0.0.1:1/shop", *BRIEF)
    assert (result.code, result.out) == (2, "")
    assert "postgresql: DATABASE_URL: no server listens at 127.0.0.1:1" in result.err
    assert "geheim" not in result.err


def test_unshared_storage_is_refused_over_http(tmp_path: Path) -> None:
    result = compare(tmp_path, "mongomock://x", "sqlite:///a.db", "--http", *BRIEF)
    assert result.code == 2
    assert "mongomock: it lives in one process" in result.err


# On every storage


def test_each_storage_is_compared_and_emptied(blank_url: str, registry: Registry, tmp_path: Path) -> None:
    result = compare(tmp_path, blank_url, "mongomock://y", *BRIEF, "--clients=4", "--json=figures.json")
    assert result.code == 0, result.err + result.out
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["right"]
    assert len(figures["cells"]) == 8
    settings = settings_for(blank_url)
    assert asyncio.run(registry.choose(settings).migrations(settings).current()) is None


@pytest.mark.needs("durable")
def test_scratch_leaves_the_named_database_alone(blank_url: str, registry: Registry, tmp_path: Path) -> None:
    asyncio.run(_fill(blank_url, registry))
    result = compare(tmp_path, blank_url, blank_url, "--scratch", *BRIEF, "--clients=2", "--workload=checkout")
    assert result.code == 0, result.err + result.out
    assert asyncio.run(_is_filled(blank_url, registry))


def test_fixed_rate_is_kept(tmp_path: Path) -> None:
    options = [*BRIEF, "--duration=0.5", "--rate=20,60", "--workload=browse", "--json=figures.json"]
    result = compare(tmp_path, "sqlite:///a.db", "mongomock://x", *options)
    assert result.code == 0, result.err
    cells = json.loads((tmp_path / "figures.json").read_text())["cells"]
    assert [(cell["rate"], cell["answered"]) for cell in cells] == [(20, 10), (60, 30)] * 2
    assert "20/s" in result.out


def test_http_mode_measures_the_api_and_the_client(tmp_path: Path) -> None:
    options = [*BRIEF, "--http", "--servers=1", "--clients=2", "--json=figures.json", "--duration=0.2"]
    result = compare(tmp_path, "sqlite:///a.db", "sqlite:///b.db", *options)
    assert result.code == 0, result.err + result.out
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["right"]
    assert figures["settings"]["servers"] == 1
    for cell in figures["cells"]:
        assert cell["answered"] > 0
        assert sum(cell["failed"].values()) == 0
        assert (cell["trips_per_request"], cell["reruns"]) == (None, None), "not visible over HTTP"
        assert 0 < cell["client_cpu_per_request"] < 0.1
        assert 0 < cell["client_share"] < 1
    assert all(storage["started_in"][0] > 0.1 for storage in figures["storages"])
    assert "The load generator was busy for " in result.out


def test_measurement_is_read_from_a_message() -> None:
    message = {"seconds": 2.0, "stats": {}, "unserved": 3, "retries": 0, "cpu": 0.1, "client_cpu": None, "memory": 5}
    assert Measurement.from_message(message).unserved == 3
