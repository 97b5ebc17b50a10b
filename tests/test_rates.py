"""Rate limiting: what a client is, the remaining quota, when to retry, and several processes."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.app import create_app
from api.client_address import client_network
from api.middleware.admission import QUOTA
from api.middleware.rate_limiting import BoundedMemoryStorage, RateLimiter
from conformance.defaults import settings_for
from conformance.problem import error_of
from conformance.processes.servers import start_servers
from core.plugins import Registry
from core.settings import Auth, Settings
from tests.serving import serving

RATE_LIMITED = (429, "rate-limited")
KEY = "k" * 32
START = 1_795_000_000.0


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stops the clock and moves it on."""
    now = START

    def move(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr("time.time", lambda: now)
    monkeypatch.setattr("api.middleware.rate_limiting.time", lambda: now)
    return move


def hit(limiter: RateLimiter, host: str = "192.0.2.1", path: str = "/tags") -> tuple[bool, int, int]:
    """Whether a request is accepted, how many more would be, and the seconds until one more is."""
    scope = {"client": (host, 1), "path": path, "state": {}}
    answer = limiter.rejection(scope)
    headers = dict(scope["state"][QUOTA])  # type: ignore[index]
    left, again = re.fullmatch(rb'"default";r=(\d+);t=(\d+)', headers[b"ratelimit"]).groups()  # type: ignore[union-attr]
    if answer is not None:
        assert (answer.status_code, answer.headers["retry-after"]) == (429, again.decode())
    return answer is None, int(left), int(again)


def test_limit_is_enforced_by_sliding_window(wait: Callable[[float], None]) -> None:
    limiter = RateLimiter("3/minute")
    wait(60 - START % 60)
    assert [hit(limiter)[:2] for _ in range(5)] == [(True, 2), (True, 1), (True, 0), (False, 0), (False, 0)]
    wait(60)  # the next window, of which all of the last is within reach
    assert hit(limiter)[0] is False
    for _ in range(3):
        wait(0.5)
        assert hit(limiter)[0] is True
        assert hit(limiter)[0] is False
        wait(19.4)
        assert hit(limiter)[0] is False
        wait(0.1)
    wait(200)
    assert hit(limiter)[:2] == (True, 2)


@pytest.mark.parametrize("rate", ["1/second", "3/minute", "7/minute", "100/second", "5/hour"])
def test_retry_after_is_accepted_and_not_too_late(wait: Callable[[float], None], rate: str) -> None:
    limiter = RateLimiter(rate)
    for step in range(300):
        accepted, left, again = hit(limiter)
        if not accepted:
            assert left == 0
            wait(max(again - 1.01, 0))
            assert again == 1 or not hit(limiter)[0], "an earlier time would have been right"
            wait(min(again, 1.01))
            assert hit(limiter)[0], "it waited as long as it should"
        wait(step % 7 / 10)


def test_limit_holds_on_average(wait: Callable[[float], None]) -> None:
    limiter, accepted = RateLimiter("10/minute"), []
    for _ in range(1200):
        accepted.append(hit(limiter)[0])
        wait(0.5)
    assert max(sum(accepted[start : start + 120]) for start in range(1080)) <= 20
    assert 100 <= sum(accepted) <= 110, "ten minutes"


def test_clients_have_separate_limits(wait: Callable[[float], None]) -> None:
    limiter = RateLimiter("1/minute")
    for host in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"):
        assert hit(limiter, host)[0], host
    for host in ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8::2", "2001:db8::ffff:1", "2001:db8:0:1:5::9"):
        assert not hit(limiter, host)[0], host


def test_client_is_ipv4_address_or_ipv6_network() -> None:
    assert client_network("192.0.2.1") == client_network("::ffff:192.0.2.1") == "192.0.2.1"
    assert client_network("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert client_network("fe80::1%eth0") == "fe80::/64"
    assert client_network("") == client_network("testclient") == ""


def test_probes_are_exempt() -> None:
    limiter = RateLimiter("1/hour")
    for path in ("/livez", "/readyz"):
        for _ in range(3):
            scope: dict[str, Any] = {"client": ("192.0.2.1", 1), "path": path, "state": {}}
            assert limiter.rejection(scope) is None
            assert scope["state"] == {}


def test_memory_is_bounded() -> None:
    limiter = RateLimiter("5/hour", windows=100)
    for number in range(10_000):
        hit(limiter, f"10.0.{number // 256}.{number % 256}")
    kept = limiter._windows
    assert len(kept.storage) == len(kept.expirations) == 100
    assert not kept.locks
    assert not hit(RateLimiter("1/hour", windows=1), "10.0.0.1")[1]


def test_expired_windows_are_dropped(wait: Callable[[float], None]) -> None:
    counts = BoundedMemoryStorage(100)
    for number in range(50):
        counts.incr(f"{number}", 2)
    wait(3)
    counts.incr("new", 2)
    assert list(counts.storage) == ["new"]


@asynccontextmanager
async def started(settings: Settings, registry: Registry) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(settings, registry=registry)
    async with serving(app) as client:
        yield client


@pytest.mark.only("sqlite")
async def test_every_response_has_remaining_quota(settings: Settings, registry: Registry) -> None:
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
            [quota] = answer.headers.get_list("ratelimit")
            assert re.fullmatch(rf'"default";r={left};t=\d+', quota)
        assert error_of(answer) == RATE_LIMITED
        assert answer.headers["ratelimit"].endswith(f"t={answer.headers['retry-after']}")
        assert answer.headers["x-content-type-options"] == "nosniff"
        for path in ("/livez", "/readyz"):
            probe = await client.get(path)
            assert probe.status_code == 200
            assert "ratelimit" not in probe.headers


@pytest.mark.only("sqlite")
async def test_rate_limited_request_has_no_effect(settings: Settings, registry: Registry) -> None:
    async with started(settings_for(settings.url, rate_limit="1/hour"), registry) as client:
        assert (await client.post("/tags", json={"name": "one"})).status_code == 201
        assert error_of(await client.post("/tags", json={"name": "two"})) == RATE_LIMITED
    async with started(settings, registry) as client:
        answer = await client.get("/tags")
        assert [tag["name"] for tag in answer.json()["items"]] == ["one"]
        assert not [name for name in answer.headers if name.startswith("ratelimit")], "off by default without AUTH"


def test_limit_is_on_with_authentication() -> None:
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
def test_each_process_counts_separately(two_limited_servers: list[str]) -> None:
    """As documented: two processes accept twice as many, each no more than the limit."""
    for url in two_limited_servers:
        with httpx2.Client(base_url=url) as client:
            assert [client.get("/tags").status_code for _ in range(7)] == [200] * 5 + [429] * 2
            assert client.get("/readyz").status_code == 200


def test_counting_is_fast() -> None:
    limiter = RateLimiter("100000/hour")
    start = time.perf_counter()
    for _ in range(10_000):
        limiter.rejection({"client": ("192.0.2.1", 1), "path": "/tags", "state": {}})
    assert (time.perf_counter() - start) / 10_000 < 0.001
