"""The harness itself: what it gives to a test, what it starts and ends, and when it fails a run."""

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
from tests.harness.selection import choose
from tests.harness.server import Offer, Server
from tests.harness.tally import Tally

PROJECT = Path(__file__).parent.parent
NOWHERE = "127.0.0.1:9"  # the discard port, where nobody listens


# What it gives to a test


async def add_tag(storage: Storage, name: str) -> Tag:
    async def work(tx: Transaction) -> Tag:
        [tag] = await tx.tags.add([TagDraft(name=name, slug=name)], now())
        return tag

    return await storage.run(work)


@pytest.mark.parametrize("turn", ["first", "second", "third"])
async def test_every_test_begins_with_an_empty_store_whose_first_id_is_1(storage: Storage, turn: str) -> None:
    assert (await add_tag(storage, turn)).id == 1
    assert (await add_tag(storage, turn + "-again")).id == 2


async def test_the_client_and_the_storage_see_the_same_store(storage: Storage, client: httpx2.AsyncClient) -> None:
    await add_tag(storage, "shared")
    assert (await client.get("/tags/1")).json()["name"] == "shared"


async def test_a_tag_is_read_in_one_round_trip(
    storage: Storage, round_trips: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    await add_tag(storage, "counted")
    with round_trips() as made:
        await storage.tags.get(1)
    assert len(made) == 1


async def test_a_blank_database_has_no_schema_and_leaves_the_other_alone(
    storage: Storage, blank_url: str, registry: Registry
) -> None:
    settings = settings_for(blank_url)
    assert await registry.choose(settings).migrations(settings).current() is None
    assert await storage.schema_revision() is not None


def test_settings_ignore_the_environment_and_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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


def test_a_port_is_handed_out_once_also_by_those_who_know_nothing_of_each_other() -> None:
    one, other = PortPool(), PortPool()
    numbers = [ports.acquire() for _ in range(200) for ports in (one, other)]
    assert len(set(numbers)) == 400
    one.release()
    other.release()


def test_a_released_port_can_be_taken_again() -> None:
    ports = PortPool()
    for _ in range(3):
        ports.acquire()
        ports.release()


# Processes

FAMILY = "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); print('ready', flush=True); time.sleep(60)"


def group_is_gone(leader: int) -> bool:
    states = subprocess.run(
        ["ps", "-o", "stat=", "-g", str(leader)], capture_output=True, text=True, check=False
    ).stdout
    return all(state.startswith("Z") for state in states.split())


def require_gone(leader: int) -> None:
    """At once or nearly so: a signal has been sent before it has arrived."""
    deadline = time.monotonic() + 10
    while not group_is_gone(leader):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_stopping_a_process_ends_what_it_started(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", FAMILY], tmp_path)
    asyncio.run(process.wait_until(lambda: wrote(process, "ready"), 20))
    process.stop()
    process.stop()
    require_gone(process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux alone")
def test_a_killed_run_leaves_no_server_behind(tmp_path: Path) -> None:
    code = (
        "import pathlib, time; from conformance.processes.process import Process;"
        f"print(Process(['sleep', '60'], pathlib.Path({str(tmp_path)!r})).pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        server = int(run.stdout.readline())
        assert not group_is_gone(server)
        run.send_signal(signal.SIGKILL)
    require_gone(server)


def test_a_process_that_ends_too_soon_is_reported_with_its_last_words(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "raise SystemExit('no room left')"], tmp_path)
    with pytest.raises(ProcessFailed, match=r"(?s)code 1.*no room left"):
        asyncio.run(process.wait_until(lambda: wrote(process, "never"), 20))
    process.stop()


async def wrote(process: Process, word: str) -> None:
    assert word in process.tail()


# The summary

SQLITE = Server("sqlite", "sqlite:////nowhere", "embedded", "SQLite 3.40.1")
OFFER = Offer("run", (SQLITE,), {"mysql": "no mysqld on the PATH"})


def test_the_summary_names_product_origin_and_outcomes_and_why_others_are_absent() -> None:
    tally = Tally()
    for phase, outcome in [("setup", "passed"), ("call", "passed"), ("setup", "failed"), ("call", "skipped")]:
        tally.add("sqlite", phase, outcome)
    assert list(tally.lines(OFFER)) == [
        "sqlite  SQLite 3.40.1  embedded  1 passed, 1 failed, 1 skipped",
        "mysql   absent         no mysqld on the PATH",
    ]


def test_what_is_required_must_have_passed_a_test() -> None:
    tally = Tally()
    tally.add("sqlite", "call", "failed")
    assert tally.missing(["sqlite", "mysql"], OFFER) == [
        "sqlite is required: no test has run and passed on it",
        "mysql is required: no mysqld on the PATH",
    ]
    tally.add("sqlite", "call", "passed")
    assert tally.missing(["sqlite"], OFFER) == []


# The choice


def test_all_is_every_kind_and_embedded_those_without_a_server() -> None:
    assert choose("all", "") == (["sqlite", "postgresql", "mysql", "mariadb", "mongodb", "mongomock"], [])
    assert choose("embedded", "sqlite") == (["sqlite", "mongomock"], ["sqlite"])
    assert choose("mysql, sqlite", "") == (["mysql", "sqlite"], [])


def test_an_unknown_storage_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match=r"--storage: unknown sqllite; known are sqlite, .*, all, embedded"):
        choose("sqllite", "")


def test_what_is_required_must_be_among_what_is_selected() -> None:
    with pytest.raises(pytest.UsageError, match="--require names mysql, which --storage leaves out"):
        choose("sqlite", "sqlite,mysql")


# Whole runs


def run_pytest(*options: str, **environment: str) -> tuple[int, str]:
    """A run of tests of this file; its exit code and what it printed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "STOCKROOM_TEST"))}
    quick = ["-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:hypothesispytest"]
    command = [sys.executable, "-m", "pytest", *quick, "--quiet", __file__, *options]
    done = subprocess.run(
        command, cwd=PROJECT, env=own | environment, capture_output=True, text=True, check=False, timeout=100
    )
    return done.returncode, done.stdout + done.stderr


def test_a_run_fails_at_once_when_what_it_requires_does_not_answer() -> None:
    unreachable = {"STOCKROOM_TEST_POSTGRESQL_URL": f"postgresql://somebody:secret@{NOWHERE}/postgres"}
    code, said = run_pytest("--storage=postgresql", "--require=postgresql", "-k=released_port", **unreachable)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "postgresql is required: " in said
    assert "secret" not in said


def test_a_run_fails_when_no_test_ran_on_what_it_requires() -> None:
    code, said = run_pytest("--storage=sqlite", "--require=sqlite", "-k=released_port")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "1 passed" in said
    assert "sqlite is required: no test has run and passed on it" in said


def test_a_run_in_workers_meets_its_requirement_and_says_so() -> None:
    code, said = run_pytest("--storage=sqlite", "--require=sqlite", "-n=1", "-k=first_id_is_1")
    assert code == pytest.ExitCode.OK, said
    assert "embedded  3 passed" in said


@pytest.mark.only("postgresql", "mysql", "mariadb", "mongodb")
def test_a_server_can_come_from_the_environment(database_server: Server) -> None:
    name = database_server.name
    given = {f"STOCKROOM_TEST_{name.upper()}_URL": database_server.url}
    code, said = run_pytest(f"--storage={name}", f"--require={name}", "-k=first_id_is_1", **given)
    assert code == pytest.ExitCode.OK, said
    assert "environment  3 passed" in said
