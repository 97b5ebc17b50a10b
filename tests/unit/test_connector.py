"""The order and the time in which the hosts of a URL are tried, with a driver of the test's own."""

import asyncio
import sys
from types import ModuleType
from typing import Any

import pytest

from backends.sql.address import ConnectOptions
from backends.sql.connector import Connector
from backends.sql.dialects import DIALECTS

HOSTS = [("a", 1), ("b", None), ("c", 3)]


class ServerError(Exception):
    """An error of the server, with a code."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


class FakeDriver(ModuleType):
    """Connects to each host that is not in ``errors``."""

    def __init__(self) -> None:
        super().__init__("fake_driver")
        self.tried: list[str] = []
        self.errors: dict[str, Exception] = {}

    async def connect(self, **named: Any) -> str:
        self.tried.append(named["host"])
        if error := self.errors.get(named["host"]):
            raise error
        return f"{named['host']}:{named['port']}"


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    fake = FakeDriver()
    monkeypatch.setitem(sys.modules, "fake_driver", fake)
    return fake


@pytest.fixture
def connector(driver: FakeDriver) -> Connector:
    return Connector(DIALECTS["postgresql"], "fake_driver", HOSTS, ConnectOptions())


async def test_good_host_is_kept(driver: FakeDriver, connector: Connector) -> None:
    driver.errors = {"a": ConnectionRefusedError()}
    assert await connector(host="x", port=5432) == "b:5432"
    assert await connector(host="x", port=5432) == "b:5432"
    driver.errors = {"b": ServerError("25006")}
    assert await connector(host="x", port=5432) == "c:3"
    driver.errors = {"c": ServerError("57P03")}
    assert await connector(host="x", port=5432) == "a:1"
    assert "".join(driver.tried) == "abb" + "bc" + "ca"


@pytest.mark.parametrize("code", ["28P01", "3D000"])
async def test_refused_log_in_is_not_repeated(driver: FakeDriver, connector: Connector, code: str) -> None:
    driver.errors = {"a": ServerError(code)}
    with pytest.raises(ServerError):
        await connector()
    assert driver.tried == ["a"]


async def test_error_of_the_closest_host_is_raised(driver: FakeDriver, connector: Connector) -> None:
    driver.errors = {"a": ConnectionRefusedError(), "b": ServerError("25006"), "c": TimeoutError()}
    with pytest.raises(ServerError):
        await connector()


async def test_silent_host_leaves_time_for_others(
    driver: FakeDriver, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float | None] = []
    original = asyncio.timeout

    def timeout(seconds: float | None) -> asyncio.Timeout:
        limits.append(seconds)
        return original(seconds)

    monkeypatch.setattr(asyncio, "timeout", timeout)
    await connector()
    assert limits == [pytest.approx(connector.timeout / len(HOSTS))]


async def test_unsuitable_connection_is_closed(driver: FakeDriver) -> None:
    closed: list[str] = []

    class Connection:
        def close(self) -> None:
            closed.append("closed")

    async def connect(**_: Any) -> Connection:
        return Connection()

    async def verify(_connection: Any) -> None:
        raise ServerError("25006")

    driver.connect = connect  # type: ignore[assignment,method-assign]
    connector = Connector(DIALECTS["postgresql"], "fake_driver", HOSTS[:2], ConnectOptions(verify=verify))
    with pytest.raises(ServerError):
        await connector()
    assert closed == ["closed", "closed"]


async def test_other_tasks_do_not_hide_a_host(driver: FakeDriver) -> None:
    """While one task finds the first host closed, another one finds the second: the first goes on to it too."""
    connector = Connector(DIALECTS["postgresql"], "fake_driver", HOSTS[:2], ConnectOptions())
    first_is_open, found = asyncio.Event(), list[str]()

    async def connect(**named: Any) -> str:
        if named["host"] == "a":
            if not found:
                found.append("a")
                await first_is_open.wait()
            raise ConnectionRefusedError
        return "b"

    driver.connect = connect  # type: ignore[method-assign]
    slow = asyncio.create_task(connector())
    await asyncio.sleep(0)
    assert await connector() == "b"
    first_is_open.set()
    assert await slow == "b"
