"""The harness itself: its fixtures, the processes that it starts and ends, and when it fails a run."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx2
import pytest

from conformance.defaults import settings_for
from conformance.processes.ports import PortPool
from conformance.processes.process import Process, ProcessFailed
from core.clock import now
from core.entities import Tag, TagDraft
from core.plugins import Registry
from core.storage import Storage, Transaction
from tests.harness.outcomes import OutcomeCounts
from tests.harness.selection import select_storages
from tests.harness.server import AvailableServers, Server

PROJECT = Path(__file__).parent.parent
NOWHERE = "127.0.0.1:9"  # the discard port, on which nothing listens


# Fixtures


async def add_tag(storage: Storage, name: str) -> Tag:
    async def work(tx: Transaction) -> Tag:
        [tag] = await tx.tags.add([TagDraft(name=name, slug=name)], now())
        return tag

    return await storage.run(work)


@pytest.mark.parametrize("order", ["first", "second", "third"])
async def test_first_id_is_1_in_every_test(storage: Storage, order: str) -> None:
    assert (await add_tag(storage, order)).id == 1
    assert (await add_tag(storage, order + "-again")).id == 2


async def test_client_and_storage_share_a_store(storage: Storage, client: httpx2.AsyncClient) -> None:
    await add_tag(storage, "shared")
    assert (await client.get("/tags/1")).json()["name"] == "shared"


async def test_tag_is_read_in_one_round_trip(
    storage: Storage, round_trips: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    await add_tag(storage, "counted")
    with round_trips() as made:
        await storage.tags.get(1)
    assert len(made) == 1


async def test_blank_database_is_separate_and_unmigrated(storage: Storage, blank_url: str, registry: Registry) -> None:
    settings = settings_for(blank_url)
    assert await registry.choose(settings).migrations(settings).current() is None
    assert await storage.schema_revision() is not None


def test_settings_ignore_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APP_NAME=From the file\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POOL_SIZE", "77")
    settings = settings_for("sqlite:///x.db", debug=True)
    assert (settings.app_name, settings.pool_size, settings.debug) == ("Stockroom", 10, True)


async def test_two_servers_share_one_store(two_servers: list[str]) -> None:
    one, other = two_servers
    async with httpx2.AsyncClient() as client:
        (await client.post(f"{one}/tags/", json={"name": "seen by both"})).raise_for_status()
        assert (await client.get(f"{other}/tags/1")).json()["name"] == "seen by both"


# Ports


def test_port_is_reserved_across_instances() -> None:
    one, other = PortPool(), PortPool()
    numbers = [ports.acquire() for _ in range(200) for ports in (one, other)]
    assert len(set(numbers)) == 400
    one.release()
    other.release()


def test_released_port_can_be_taken_again() -> None:
    ports = PortPool()
    for _ in range(3):
        ports.acquire()
        ports.release()


# Processes

PARENT_AND_CHILD = (
    "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); print('ready', flush=True); time.sleep(60)"
)


def has_group_ended(leader: int) -> bool:
    states = subprocess.run(
        ["ps", "-o", "stat=", "-g", str(leader)], capture_output=True, text=True, check=False
    ).stdout
    return all(state.startswith("Z") for state in states.split())


def wait_until_ended(leader: int) -> None:
    """Signals are delivered asynchronously."""
    deadline = time.monotonic() + 10
    while not has_group_ended(leader):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_stop_ends_child_processes(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", PARENT_AND_CHILD], tmp_path)
    asyncio.run(process.wait_until(lambda: require_output(process, "ready"), 20))
    process.stop()
    process.stop()
    wait_until_ended(process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")
def test_killed_run_leaves_no_server_running(tmp_path: Path) -> None:
    code = (
        "import pathlib, time; from conformance.processes.process import Process;"
        f"print(Process(['sleep', '60'], pathlib.Path({str(tmp_path)!r})).pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        server = int(run.stdout.readline())
        assert not has_group_ended(server)
        run.send_signal(signal.SIGKILL)
    wait_until_ended(server)


def test_process_that_exits_early_shows_its_output(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "raise SystemExit('no room left')"], tmp_path)
    with pytest.raises(ProcessFailed, match=r"(?s)code 1.*no room left"):
        asyncio.run(process.wait_until(lambda: require_output(process, "never"), 20))
    process.stop()


async def require_output(process: Process, word: str) -> None:
    assert word in process.tail()


# The summary

SQLITE = Server("sqlite", "sqlite:////nowhere", "embedded", "SQLite 3.40.1")
AVAILABLE = AvailableServers("run", (SQLITE,), {"mysql": "no mysqld on the PATH"})


def test_summary_lists_available_and_absent_storages() -> None:
    counts = OutcomeCounts()
    for phase, outcome in [("setup", "passed"), ("call", "passed"), ("setup", "failed"), ("call", "skipped")]:
        counts.add("sqlite", phase, outcome)
    assert list(counts.format_lines(AVAILABLE)) == [
        "sqlite  SQLite 3.40.1  embedded  1 passed, 1 failed, 1 skipped",
        "mysql   absent         no mysqld on the PATH",
    ]


def test_required_storage_must_have_passed_a_test() -> None:
    counts = OutcomeCounts()
    counts.add("sqlite", "call", "failed")
    assert counts.unmet_requirements(["sqlite", "mysql"], AVAILABLE) == [
        "sqlite is required: no test has run and passed on it",
        "mysql is required: no mysqld on the PATH",
    ]
    counts.add("sqlite", "call", "passed")
    assert counts.unmet_requirements(["sqlite"], AVAILABLE) == []


# Selection


def test_all_and_embedded_select_kinds() -> None:
    assert select_storages("all", "") == (["sqlite", "postgresql", "mysql", "mariadb", "mongodb", "mongomock"], [])
    assert select_storages("embedded", "sqlite") == (["sqlite", "mongomock"], ["sqlite"])
    assert select_storages("mysql, sqlite", "") == (["mysql", "sqlite"], [])


def test_unknown_storage_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match=r"--storage: unknown sqllite; known are sqlite, .*, all, embedded"):
        select_storages("sqllite", "")


def test_required_storage_must_be_selected() -> None:
    with pytest.raises(pytest.UsageError, match="--require names mysql, which --storage leaves out"):
        select_storages("sqlite", "sqlite,mysql")


# Whole runs


def run_pytest(*options: str, **environment: str) -> tuple[int, str]:
    """Run tests of this file; returns the exit code and the output."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "STOCKROOM_TEST"))}
    quick = ["-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:hypothesispytest"]
    command = [sys.executable, "-m", "pytest", *quick, "--quiet", __file__, *options]
    done = subprocess.run(
        command, cwd=PROJECT, env=own | environment, capture_output=True, text=True, check=False, timeout=100
    )
    return done.returncode, done.stdout + done.stderr


def test_run_fails_if_required_storage_is_absent() -> None:
    unreachable = {"STOCKROOM_TEST_POSTGRESQL_URL": f"postgresql://user:secret@{NOWHERE}/postgres"}
    code, output = run_pytest("--storage=postgresql", "--require=postgresql", "-k=released_port", **unreachable)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "postgresql is required: " in output
    assert "secret" not in output


def test_run_fails_if_required_storage_ran_no_test() -> None:
    code, output = run_pytest("--storage=sqlite", "--require=sqlite", "-k=released_port")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "1 passed" in output
    assert "sqlite is required: no test has run and passed on it" in output


def test_run_in_workers_meets_its_requirement() -> None:
    code, output = run_pytest("--storage=sqlite", "--require=sqlite", "-n=1", "-k=first_id_is_1")
    assert code == pytest.ExitCode.OK, output
    assert "embedded  3 passed" in output


@pytest.mark.only("postgresql", "mysql", "mariadb", "mongodb")
def test_server_can_come_from_the_environment(database_server: Server) -> None:
    name = database_server.name
    given = {f"STOCKROOM_TEST_{name.upper()}_URL": database_server.url}
    code, output = run_pytest(f"--storage={name}", f"--require={name}", "-k=first_id_is_1", **given)
    assert code == pytest.ExitCode.OK, output
    assert "environment  3 passed" in output
