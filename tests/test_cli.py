"""The ``stockroom`` command."""

import asyncio
import json
import re
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli.main import main
from cli.serve import require_protected
from conformance.defaults import settings_for
from conformance.processes.ports import PortPool
from conformance.processes.process import Process
from core.errors import StockroomError
from core.plugins import Registry
from core.settings import Settings, load
from core.storage import CAPABILITY_INFO, OrderFilter, PageRequest, PostFilter, ProductFilter, Storage, UserFilter
from core.storage.sorts import NEWEST_FIRST
from demo.scale import Scale
from tests.harness.databases import Databases
from tests.revisions import HEAD, REVISIONS

SECRET = "geheim-4711"

FORKS = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # the test process has threads


@dataclass(frozen=True)
class CommandResult:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


Stockroom = Callable[..., CommandResult]


@pytest.fixture
def stockroom(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Stockroom:
    """Runs the command in an empty folder; keywords are settings, all others are unset."""

    def run(*arguments: str, **settings: object) -> CommandResult:
        with monkeypatch.context() as patched:
            patched.chdir(tmp_path)
            for name in Settings.model_fields:
                patched.delenv(name.upper(), raising=False)
            for name, value in settings.items():
                patched.setenv(name, str(value))
            with pytest.raises(SystemExit) as ended:
                main(arguments)
        output = capsys.readouterr()
        return CommandResult(int(ended.value.code or 0), output.out, output.err)

    return run


def test_version_is_printed(stockroom: Stockroom) -> None:
    assert stockroom("--version") == CommandResult(0, "stockroom 0.1.0\n", "")


def test_backends_are_listed_as_table_and_json(stockroom: Stockroom, registry: Registry) -> None:
    table = stockroom("backends")
    listed = json.loads(stockroom("backends", "--json").out)
    assert [backend["name"] for backend in listed] == list(registry.by_name)
    sqlite = next(backend for backend in listed if backend["name"] == "sqlite")
    assert sqlite["schemes"] == ["sqlite"]
    assert sqlite["drivers"] == [{"name": "aiosqlite", "installed": True, "requirement": "aiosqlite"}]
    assert sqlite["capabilities"]["embedded"] is True
    for backend in listed:
        assert f"{backend['schemes'][0]}://" in table.out
        assert set(backend["capabilities"]) == set(CAPABILITY_INFO)
    names = [backend["name"] for backend in listed]
    rows = [line.split() for line in table.out.splitlines()]
    assert ["capabilities", *names] in rows
    limits = [str(backend["capabilities"]["max_writers"] or "no") for backend in listed]
    assert ["max_writers", *limits] in rows


def test_each_capability_is_explained(stockroom: Stockroom) -> None:
    result = stockroom("backends", "--explain")
    assert result.code == 0
    for name, capability in CAPABILITY_INFO.items():
        [row] = [line for line in result.out.splitlines() if line.startswith(f"| `{name}` |")]
        assert capability.meaning in row
        assert ("Mandatory" in row) is capability.mandatory


@pytest.mark.only("sqlite", "postgresql", "mysql", "mariadb")
def test_check_reports_what_is_to_be_done(stockroom: Stockroom, blank_url: str, registry: Registry) -> None:
    before = stockroom("check", DATABASE_URL=blank_url)
    assert before.code == 1
    assert "Run: stockroom migrate up" in before.out
    assert stockroom("migrate", "up", DATABASE_URL=blank_url).code == 0
    after = stockroom("check", DATABASE_URL=blank_url)
    assert (after.code, after.err) == (0, "")
    result = [line[14:].split() for line in after.out.splitlines()]
    for name, value in asdict(registry.choose(settings_for(blank_url)).capabilities).items():
        assert [str(value) if type(value) is int else "yes" if value else "no", name] in result
    assert re.search(r"(?m)^size {10}[0-9.]+ (bytes|[kMG]B)$", after.out)
    assert f"{HEAD} (head)" in after.out
    assert stockroom("migrate", "down", "-1", DATABASE_URL=blank_url).out == f"{REVISIONS[-2]}\n"
    assert stockroom("check", DATABASE_URL=blank_url).code == 1


@pytest.mark.only("sqlite", "postgresql", "mysql", "mariadb")
def test_migrate_goes_up_and_down(stockroom: Stockroom, blank_url: str) -> None:
    def migrate(*arguments: str) -> CommandResult:
        return stockroom("migrate", *arguments, DATABASE_URL=blank_url)

    assert migrate("current") == CommandResult(0, "none\n", "")
    assert migrate("up", "0001") == CommandResult(0, "0001\n", "")
    assert migrate("up") == migrate("up") == migrate("current") == CommandResult(0, f"{HEAD} (head)\n", "")
    assert migrate("down", "base") == CommandResult(0, "none\n", "")
    listed = [line.split()[0] for line in migrate("history").out.splitlines()]
    assert listed == REVISIONS
    assert "CREATE TABLE users" in migrate("sql").out
    assert "DROP TABLE" in migrate("sql", "head:base").out
    assert migrate("up", "77").code == migrate("sql", "77:head").code == migrate("down").code == 2


UNREACHABLE = f"postgresql://admin_of_x:{SECRET}@127.0.0.1:1/shop"
NO_FOLDER = "sqlite:////nonexistent/shop.db"


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"POOL_SIZE": "many"}, "POOL_SIZE"),
        ({"POOL_CLASS": "round"}, "POOL_CLASS"),
        ({"DATABASE_URL": "shop"}, "DATABASE_URL"),
        ({"DATABASE_URL": f"oracle://admin_of_x:{SECRET}@h/x"}, "DATABASE_URL"),
        ({"DATABASE_URL": f"postgresql+pg8000://admin_of_x:{SECRET}@h/x"}, "DATABASE_URL"),
        ({"DATABASE_URL": UNREACHABLE}, "DATABASE_URL"),
        ({"DATABASE_URL": f"postgresql://admin_of_x:{SECRET}@[h/x"}, "DATABASE_URL"),
        ({"DATABASE_URL": NO_FOLDER}, "DATABASE_URL"),
        ({"STORAGE_BACKEND": "paper"}, "STORAGE_BACKEND"),
        ({"STORAGE_BACKEND": "mysql"}, "STORAGE_BACKEND"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@FORKS
@pytest.mark.parametrize("command", ["check", "serve", "serve --workers 4", "seed", "migrate up", "migrate current"])
def test_bad_configuration_is_one_line(stockroom: Stockroom, command: str, settings: dict[str, str], name: str) -> None:
    result = stockroom(*command.split(), **settings)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("stockroom: ")
    assert name in result.err
    assert result.err.count("\n") == 1
    assert SECRET not in result.err
    assert "admin_of_x" not in result.err


def test_generic_error_is_one_line(stockroom: Stockroom, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StockroomError("two\nlines")

    monkeypatch.setattr("cli.check.discover", fail)
    assert stockroom("check") == CommandResult(2, "", "stockroom: two lines\n")


@pytest.mark.parametrize(
    "arguments",
    ["serve --port 0", "serve --workers 0", "serve --reload --workers 2", "seed --scale huge", "seed --scale 0", "fly"],
)
def test_wrong_usage_is_refused(stockroom: Stockroom, arguments: str) -> None:
    result = stockroom(*arguments.split())
    assert result.code == 2
    assert "Traceback" not in result.err


def test_port_in_use_is_refused(stockroom: Stockroom) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = stockroom("serve", "--port", str(taken.getsockname()[1]))
    assert result.code == 2
    assert result.err.startswith("stockroom: --host, --port: Address already in use")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "::ffff:192.0.2.1"])
def test_public_host_without_auth_is_refused(stockroom: Stockroom, host: str) -> None:
    result = stockroom("serve", "--host", host)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert result.err.startswith("stockroom: --host: ")
    assert "TRUSTED_NETWORKS" in result.err


def test_unknown_host_is_refused(stockroom: Stockroom) -> None:
    result = stockroom("serve", "--host", "nowhere.invalid")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert result.err.startswith("stockroom: --host: ")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
def test_loopback_host_is_allowed(host: str) -> None:
    require_protected(host, load(_env_file=None))


def test_public_host_with_trusted_networks_is_allowed() -> None:
    require_protected("0.0.0.0", load(_env_file=None, trusted_networks="10.0.0.0/8"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "nowhere.invalid"])
def test_any_host_with_required_auth_is_allowed(host: str) -> None:
    require_protected(host, load(_env_file=None, auth="required", secret_keys="x" * 32))


@FORKS
@pytest.mark.lacks("shared")
def test_workers_without_shared_storage_are_refused(stockroom: Stockroom, settings: Settings) -> None:
    result = stockroom("serve", "--workers", "2", database_url=settings.url)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("stockroom: --workers: the storage of DATABASE_URL cannot be shared")


@pytest.mark.only("sqlite")
def test_several_workers_serve_one_port(settings: Settings, tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("stockroom")
    ports = PortPool()
    port = ports.acquire()
    process = Process(
        [command, "serve", "--port", str(port), "--workers", "2"],
        tmp_path,
        env={"PATH": "/usr/bin:/bin", "DATABASE_URL": settings.url},
    )

    async def ready() -> None:
        async with httpx2.AsyncClient() as client:
            (await client.get(f"http://127.0.0.1:{port}/readyz")).raise_for_status()

    try:
        asyncio.run(process.wait_until(ready, 60))
    finally:
        process.stop()
        ports.release()
    assert "Traceback" not in process.tail(1000)


async def list_entities(storage: Storage) -> dict[str, Any]:
    """All entities of a demo shop, without times and order numbers."""
    found: dict[str, list[Any]] = {"categories": await storage.categories.all()}
    first_page = PageRequest(sort=NEWEST_FIRST, size=100, page=1)
    found["users"] = (await storage.users.page(UserFilter(), first_page)).items
    found["posts"] = (await storage.posts.page(PostFilter(), first_page)).items
    found["tags"] = (await storage.tags.page(first_page)).items
    found["products"] = (await storage.products.page(ProductFilter(), first_page)).items
    orders = await storage.orders.page(OrderFilter(), first_page)
    found["orders"] = [await storage.orders.get(order.id) for order in orders.items]
    found["transfers"] = (await storage.accounts.transfers(1, first_page)).items
    varying = {"created_at", "updated_at", "published_at", "order_number"}
    return {
        kind: sorted(
            ({name: getattr(one, name) for name in one.__dataclass_fields__ if name not in varying} for one in items),
            key=lambda fields: fields["id"],
        )
        for kind, items in found.items()
    }


async def read_contents(url: str, registry: Registry) -> dict[str, Any]:
    storage = await registry.choose(settings_for(url)).open(settings_for(url))
    try:
        return await list_entities(storage)
    finally:
        await storage.close()


DEMO_CREATED = "Created a demo shop of 30 products. The password of every user is DemoPass123.\n"


@pytest.mark.needs("durable")  # each command opens the storage anew
def test_same_scale_gives_the_same_shop(
    stockroom: Stockroom, conformance_target: Databases, registry: Registry
) -> None:
    cheap = {"ARGON2_TIME_COST": 1, "ARGON2_MEMORY_COST": 8, "ARGON2_PARALLELISM": 1}
    shops = []
    for _ in range(2):
        url = asyncio.run(conformance_target.blank())
        assert stockroom("migrate", "up", DATABASE_URL=url).code == 0
        result = stockroom("seed", "--scale", "30", DATABASE_URL=url, **cheap)
        assert (result.code, result.out) == (0, DEMO_CREATED)
        shops.append(asyncio.run(read_contents(url, registry)))
        again = stockroom("seed", "--scale", "30", DATABASE_URL=url, **cheap)
        assert (again.code, again.out) == (1, "")
        assert "the store is not empty" in again.err
        assert asyncio.run(read_contents(url, registry)) == shops[-1]
    assert shops[0] == shops[1]
    assert len(shops[0]["products"]) == 30
    assert len(shops[0]["users"]) == Scale(30).users
    assert {order["status"] for order in shops[0]["orders"]} >= {"delivered", "cancelled", "pending"}


@pytest.mark.needs("embedded")
def test_seed_migrates_an_embedded_store(stockroom: Stockroom, blank_url: str) -> None:
    assert stockroom("seed", "--scale", "1", DATABASE_URL=blank_url, ARGON2_TIME_COST=1).code == 0


@pytest.mark.parametrize(("given", "products"), [("small", 100), ("medium", 1000), ("large", 10_000), ("7", 7)])
def test_scale_is_a_name_or_a_number(given: str, products: int) -> None:
    scale = Scale.parse(given)
    assert scale.products == products
    assert scale.total > products


@pytest.mark.parametrize("given", ["", "huge", "0", "-1", "1000001", "1" * 5000, "٣", "1e3"])
def test_invalid_scale_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="must be small, medium, large, or a number"):
        Scale.parse(given)


def test_auth_without_secret_key_is_refused(stockroom: Stockroom) -> None:
    result = stockroom("serve", AUTH="required")
    assert (result.code, result.out) == (2, "")
    assert "SECRET_KEYS" in result.err
    assert "python -c" in result.err
    short = stockroom("serve", AUTH="required", SECRET_KEYS=SECRET)
    assert (short.code, short.out) == (2, "")
    assert SECRET not in short.err
