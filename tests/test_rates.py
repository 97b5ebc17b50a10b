"""How often one client may ask: who is one, what is left, when it may come again, and in how many processes."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from api.app import create_app
from api.client_address import client_network
from api.middleware.rate_limiting import QUOTA, BoundedMemoryStorage, RateLimiter
from conformance.defaults import settings_for
from conformance.problem import error_of
from conformance.processes.servers import start_servers
from core.plugins import Registry
from core.settings import Auth, Settings

RATE_LIMITED = (429, "rate-limited")
KEY = "k" * 32
START = 1_795_000_000.0


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stops the clock at the beginning of a minute, and moves it on."""
    now = START

    def move(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr("time.time", lambda: now)
    monkeypatch.setattr("api.middleware.rate_limiting.time", lambda: now)
    return move


def ask(rates: RateLimiter, host: str = "192.0.2.1", path: str = "/tags") -> tuple[bool, int, int]:
    """Whether a request is let in, how many more would be, and after how many seconds one more."""
    scope = {"client": (host, 1), "path": path, "state": {}}
    answer = rates.rejection(scope)
    headers = dict(scope["state"][QUOTA])  # type: ignore[index]
    left, again = re.fullmatch(rb'"default";r=(\d+);t=(\d+)', headers[b"ratelimit"]).groups()  # type: ignore[union-attr]
    if answer is not None:
        assert (answer.status_code, answer.headers["retry-after"]) == (429, again.decode())
    return answer is None, int(left), int(again)


def test_so_many_are_let_in_and_then_one_by_one(wait: Callable[[float], None]) -> None:
    rates = RateLimiter("3/minute")
    wait(60 - START % 60)
    assert [ask(rates)[:2] for _ in range(5)] == [(True, 2), (True, 1), (True, 0), (False, 0), (False, 0)]
    wait(60)  # the next window, of which all of the last is within reach
    assert ask(rates)[0] is False
    for _ in range(3):
        wait(0.5)
        assert ask(rates)[0] is True
        assert ask(rates)[0] is False
        wait(19.4)
        assert ask(rates)[0] is False
        wait(0.1)
    wait(200)
    assert ask(rates)[:2] == (True, 2)


@pytest.mark.parametrize("rate", ["1/second", "3/minute", "7/minute", "100/second", "5/hour"])
def test_who_comes_again_when_told_to_is_let_in_and_not_much_earlier(wait: Callable[[float], None], rate: str) -> None:
    rates = RateLimiter(rate)
    for step in range(300):
        accepted, left, again = ask(rates)
        if not accepted:
            assert left == 0
            wait(max(again - 1.01, 0))
            assert again == 1 or not ask(rates)[0], "it could have been said to come earlier"
            wait(min(again, 1.01))
            assert ask(rates)[0], "it came when it was told to"
        wait(step % 7 / 10)


def test_it_holds_on_average_and_twice_as_much_is_the_most_in_any_window(wait: Callable[[float], None]) -> None:
    rates, let_in = RateLimiter("10/minute"), []
    for _ in range(1200):
        let_in.append(ask(rates)[0])
        wait(0.5)
    assert max(sum(let_in[start : start + 120]) for start in range(1080)) <= 20
    assert 100 <= sum(let_in) <= 110, "ten minutes"


def test_clients_do_not_share(wait: Callable[[float], None]) -> None:
    rates = RateLimiter("1/minute")
    for host in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"):
        assert ask(rates, host)[0], host
    for host in ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8::2", "2001:db8::ffff:1", "2001:db8:0:1:5::9"):
        assert not ask(rates, host)[0], host


def test_a_client_is_an_address_or_a_network_of_64_bits() -> None:
    assert client_network("192.0.2.1") == client_network("::ffff:192.0.2.1") == "192.0.2.1"
    assert client_network("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert client_network("fe80::1%eth0") == "fe80::/64"
    assert client_network("") == client_network("testclient") == ""


def test_probes_are_neither_counted_nor_refused() -> None:
    rates = RateLimiter("1/hour")
    for path in ("/livez", "/readyz"):
        for _ in range(3):
            scope = {"client": ("192.0.2.1", 1), "path": path, "state": {}}
            assert rates.rejection(scope) is None
            assert scope["state"] == {}


def test_what_is_remembered_is_bounded() -> None:
    rates = RateLimiter("5/hour", windows=100)
    for number in range(10_000):
        ask(rates, f"10.0.{number // 256}.{number % 256}")
    kept = rates._windows
    assert len(kept.storage) == len(kept.expirations) == 100
    assert not kept.locks
    assert not ask(RateLimiter("1/hour", windows=1), "10.0.0.1")[1]


def test_windows_that_are_over_are_forgotten(wait: Callable[[float], None]) -> None:
    counts = BoundedMemoryStorage(100)
    for number in range(50):
        counts.incr(f"{number}", 2)
    wait(3)
    counts.incr("new", 2)
    assert list(counts.storage) == ["new"]


@asynccontextmanager
async def started(settings: Settings, registry: Registry) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(settings, registry=registry)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client,
    ):
        yield client


@pytest.mark.only("sqlite")
async def test_every_answer_says_what_is_left(settings: Settings, registry: Registry) -> None:
    async with started(settings_for(settings.url, rate_limit="4/hour"), registry) as client:
        answers = [
            await client.get("/tags"),
            await client.get("/nothing"),
            await client.post("/tags", json={"name": "x" * 1000}),
            await client.delete("/tags"),
            await client.get("/tags", headers={"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"}),
        ]
        assert [answer.status_code for answer in answers] == [200, 404, 422, 405, 429]
        for answer, left in zip(answers, (3, 2, 1, 0, 0), strict=True):
            assert answer.headers.get_list("ratelimit-policy") == ['"default";q=4;w=3600']
            [told] = answer.headers.get_list("ratelimit")
            assert re.fullmatch(rf'"default";r={left};t=\d+', told)
        assert error_of(answer) == RATE_LIMITED
        assert answer.headers["ratelimit"].endswith(f"t={answer.headers['retry-after']}")
        assert answer.headers["x-content-type-options"] == "nosniff"
        for path in ("/livez", "/readyz"):
            probe = await client.get(path)
            assert probe.status_code == 200
            assert "ratelimit" not in probe.headers


@pytest.mark.only("sqlite")
async def test_what_is_refused_has_no_effect(settings: Settings, registry: Registry) -> None:
    async with started(settings_for(settings.url, rate_limit="1/hour"), registry) as client:
        assert (await client.post("/tags", json={"name": "one"})).status_code == 201
        assert error_of(await client.post("/tags", json={"name": "two"})) == RATE_LIMITED
    async with started(settings, registry) as client:
        answer = await client.get("/tags")
        assert [tag["name"] for tag in answer.json()["items"]] == ["one"]
        assert not [name for name in answer.headers if name.startswith("ratelimit")], "off unless told, without AUTH"


def test_it_is_on_where_untrusted_clients_are_served() -> None:
    assert settings_for("nowhere://").rate is None
    required = {"auth": Auth.REQUIRED, "secret_keys": KEY}
    assert settings_for("nowhere://", **required).rate == "100/second"
    assert settings_for("nowhere://", **required, rate_limit="off").rate is None
    assert settings_for("nowhere://", rate_limit="5/hour").rate == "5/hour"


@pytest.fixture
def two_limited_servers(settings: Settings, tmp_path: Path) -> Iterator[list[str]]:
    with start_servers(settings_for(settings.url, rate_limit="5/hour"), tmp_path, 2) as servers:

        async def ready() -> None:
            await asyncio.gather(*(server.wait_until_ready() for server in servers))

        asyncio.run(ready())
        yield [server.url for server in servers]


@pytest.mark.only("sqlite")
def test_each_process_counts_for_itself(two_limited_servers: list[str]) -> None:
    """What docs/security.md says: two processes let twice as much in, each no more than the limit."""
    for url in two_limited_servers:
        with httpx2.Client(base_url=url) as client:
            assert [client.get("/tags").status_code for _ in range(7)] == [200] * 5 + [429] * 2
            assert client.get("/readyz").status_code == 200


def test_it_costs_little() -> None:
    rates = RateLimiter("100000/hour")
    start = time.perf_counter()
    for _ in range(10_000):
        rates.rejection({"client": ("192.0.2.1", 1), "path": "/tags", "state": {}})
    assert (time.perf_counter() - start) / 10_000 < 0.001
