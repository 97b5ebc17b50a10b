"""Pages of other origins: CORS headers on every response, and preflights."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.problem import error_of
from core.plugins import Registry
from core.settings import Settings
from tests.serving import serving

pytestmark = pytest.mark.only("sqlite")

LISTED = "https://shop.example"
OTHER = "https://evil.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "content-type, if-match, traceparent, tracestate, x-requested-with",
}

StartClient = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture
def started(settings: Settings, registry: Registry) -> StartClient:
    """A client of an API that allows ``LISTED``, with further settings; on its own machine unless ``peer`` is given."""

    @asynccontextmanager
    async def start(peer: str = "127.0.0.1", **changes: Any) -> AsyncIterator[httpx2.AsyncClient]:
        origins = f"{LISTED}, http://localhost:5173"
        app = create_app(settings_for(settings.url, cors_origins=origins, **changes), registry=registry)
        async with serving(app, peer=peer) as client:
            yield client

    return start


def assert_readable(answer: httpx2.Response) -> None:
    """A page of ``LISTED`` may read a response, with the headers that it needs."""
    assert answer.headers.get_list("access-control-allow-origin") == [LISTED]
    exposed = set(answer.headers["access-control-expose-headers"].split(", "))
    assert {"ETag", "X-Request-ID", "Retry-After", "RateLimit", "Idempotency-Replayed"} <= exposed
    assert "Origin" in ", ".join(answer.headers.get_list("vary"))
    assert "access-control-allow-credentials" not in answer.headers


def assert_unreadable(answer: httpx2.Response) -> None:
    assert not [name for name in answer.headers if name.startswith("access-control-allow-origin")]


async def test_other_origins_are_not_allowed(client: httpx2.AsyncClient) -> None:
    other = {"Origin": "https://shop.example"}
    asked = {**other, "Access-Control-Request-Method": "DELETE"}
    for answer in (await client.get("/tags", headers=other), await client.options("/tags/1", headers=asked)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_listed_origins_are_allowed(started: StartClient) -> None:
    async with started() as client:
        answer = await client.options("/tags/1", headers={"Origin": LISTED, **PREFLIGHT})
        assert answer.status_code == 200
        assert answer.headers.get_list("access-control-allow-origin") == [LISTED]
        assert "PATCH" in answer.headers["access-control-allow-methods"]
        assert "x-request-id" in answer.headers
        assert_readable(await client.post("/tags", json={"name": "x"}, headers={"Origin": LISTED}))
        refused = await client.options("/tags/1", headers={"Origin": OTHER, **PREFLIGHT})
        assert error_of(refused) == (400, "bad-request")
        assert_unreadable(refused)
        assert_unreadable(await client.get("/tags", headers={"Origin": OTHER}))


async def test_unlisted_headers_are_refused(started: StartClient) -> None:
    async with started() as client:
        asked = {**PREFLIGHT, "Access-Control-Request-Headers": "x-unknown"}
        refused = await client.options("/tags/1", headers={"Origin": LISTED, **asked})
        assert error_of(refused) == (400, "bad-request")


async def test_errors_are_readable(started: StartClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async with started() as client:
        monkeypatch.setattr("api.routers.service.version", None)
        for path, status in {"/nothing": 404, "/tags/x": 422, "/": 500}.items():
            answer = await client.get(path, headers={"Origin": LISTED})
            assert answer.status_code == status
            assert_readable(answer)


async def test_rejections_are_readable(started: StartClient) -> None:
    async with started(rate_limit="1/hour", max_requests=1) as client:
        for _ in range(3):  # which do not count
            answer = await client.options("/tags/1", headers={"Origin": LISTED, **PREFLIGHT})
            assert answer.status_code == 200
        answers = [await client.get("/tags", headers={"Origin": LISTED}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert_readable(answers[1])
    async with started(peer="192.0.2.1") as client:
        answer = await client.get("/tags", headers={"Origin": LISTED})
        assert error_of(answer) == (403, "forbidden")
        assert_readable(answer)


async def test_overload_is_readable(started: StartClient) -> None:
    async with started(max_requests=1) as client:
        began, end = asyncio.Event(), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            began.set()
            await end.wait()
            yield b'{"name": "x"}'

        headers = {"content-type": "application/json"}
        pending = asyncio.create_task(client.post("/tags", content=body(), headers=headers))
        await began.wait()
        answer = await client.get("/tags", headers={"Origin": LISTED})
        assert error_of(answer) == (503, "overloaded")
        assert_readable(answer)
        preflight = await client.options("/tags/1", headers={"Origin": LISTED, **PREFLIGHT})
        assert preflight.status_code == 200
        end.set()
        assert (await pending).status_code == 201
