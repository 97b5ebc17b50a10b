"""Limits for clients: bodies, heads, requests in progress; and the headers for browsers."""

import asyncio
import gzip
import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from conformance.defaults import settings_for
from conformance.problem import error_of, read_problem
from conformance.processes.servers import run_server
from conformance.shop import Shop
from core.plugins import Registry
from core.settings import Settings
from tests.compare.browser import open_browser
from tests.serving import serving

pytestmark = pytest.mark.only("sqlite")

JSON = {"content-type": "application/json"}
TOO_LARGE = (413, "content-too-large")
OVERLOADED = (503, "overloaded")
LIMIT = 2048


def limited(app: FastAPI, **limits: Any) -> None:
    app.state.settings = app.state.settings.model_copy(update=limits)


def padded(size: int) -> bytes:
    """A tag's body of so many bytes."""
    text = b'{"name": "x"}'
    return text + b" " * (size - len(text))


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 100):
        yield body[start : start + 100]


# Bodies


async def test_body_size_is_limited_by_setting(client: httpx2.AsyncClient, app: FastAPI) -> None:
    limited(app, max_body_size=LIMIT)
    for content in (padded(LIMIT), in_pieces(padded(LIMIT))):
        answer = await client.post("/tags", content=content, headers=JSON)
        assert answer.status_code == 201
        await client.delete(f"/tags/{answer.json()['id']}")
    for content in (padded(LIMIT + 1), in_pieces(padded(LIMIT + 1)), in_pieces(padded(LIMIT * 100))):
        answer = await client.post("/tags", content=content, headers=JSON)
        assert error_of(answer) == TOO_LARGE
        assert answer.headers["connection"] == "close"
    assert (await client.get("/tags")).json()["total"] == 0


async def test_body_declared_too_large_is_not_read(client: httpx2.AsyncClient, app: FastAPI) -> None:
    limited(app, max_body_size=LIMIT)

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    answer = await client.post("/tags", content=never(), headers={**JSON, "content-length": str(LIMIT + 1)})
    assert error_of(answer) == TOO_LARGE


async def test_default_body_size_allows_full_bulk(shop: Shop) -> None:
    drafts = [shop.draft() | {"description": "x" * 10_000} for _ in range(1000)]
    assert len(json.dumps(drafts)) > 10_000_000
    assert len(await shop.post("/products/bulk", drafts)) == 1000


async def test_slow_body_times_out(client: httpx2.AsyncClient, app: FastAPI) -> None:
    limited(app, body_timeout=0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b'{"name":'
        await asyncio.sleep(60)

    answer = await client.post("/tags", content=slow(), headers=JSON)
    assert error_of(answer) == (408, "request-timeout")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("encoding", ["gzip", "br", "Deflate", "gzip, identity"])
async def test_compressed_body_is_refused(client: httpx2.AsyncClient, encoding: str) -> None:
    content = gzip.compress(b'{"name": "x"}')
    answer = await client.post("/tags", content=content, headers={**JSON, "content-encoding": encoding})
    assert error_of(answer) == (415, "unsupported-media-type")
    assert answer.headers["accept-encoding"] == "identity"
    plain = await client.post("/tags", content=padded(20), headers={**JSON, "content-encoding": "identity"})
    assert plain.status_code == 201


async def test_object_members_are_limited(client: httpx2.AsyncClient) -> None:
    for count, errors in ((99, 99), (101, 1)):
        body = {"name": "x"} | {f"x{number}": 1 for number in range(count)}
        answer = await client.post("/tags", json=body)
        assert error_of(answer) == (422, "validation-failed")
        assert len(read_problem(answer)["errors"]) == errors
    assert "more than 100 members" in answer.text


async def test_body_values_are_limited(client: httpx2.AsyncClient) -> None:
    for content in (b"[" + b"[]," * 1_000_000 + b"1]", b'{"a":[' + b'{"":1},' * 200_000 + b"1]}", b"[" * 200_000):
        answer = await client.post("/users/bulk", content=content, headers=JSON)
        assert error_of(answer) == (422, "validation-failed")
        assert "more than 100000 values" in answer.text
    content = json.dumps({"name": "x", "slug": "[" * 300_000 + '",{"' * 100_000}).encode()
    answer = await client.post("/tags", content=content, headers=JSON)
    assert [error["field"] for error in read_problem(answer)["errors"]] == ["slug"], "text is not counted"


# Heads, which need a real server


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[str]:
    with run_server(settings, tmp_path) as url:
        yield url


def said(url: str, *pieces: bytes) -> bytes:
    """What a server sends until it closes the connection."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as peer:
        try:
            for piece in pieces:
                peer.sendall(piece)
        except OSError:
            pass
        heard = b""
        try:
            while data := peer.recv(65_536):
                heard += data
        except ConnectionResetError:
            pass
        return heard


REQUEST = b"GET /livez HTTP/1.1\r\nhost: x\r\n"
MEGABYTE = b"a" * 1_000_000


def test_request_head_size_is_limited(server: str) -> None:
    close = b"connection: close\r\n\r\n"
    fine = said(server, REQUEST, b"x-a: ", b"a" * 40_000, b"\r\n", close)
    assert fine.startswith(b"HTTP/1.1 200 ")
    chunked = REQUEST.replace(b"GET", b"POST") + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n"
    for flood in (
        [REQUEST, b"x-a: ", *[MEGABYTE] * 5],
        [REQUEST, *[b"x-a: " + b"a" * 1000 + b"\r\n"] * 5000],
        [b"GET /", *[MEGABYTE] * 5],
        [chunked + b"0\r\nx-a: ", *[MEGABYTE] * 5],
        [chunked + b"1;x=", *[MEGABYTE] * 5],
    ):
        heard = said(server, *flood)
        assert not re.match(rb"HTTP/1.1 2", heard), heard[:100]
    assert httpx2.get(f"{server}/livez").status_code == 200


@pytest.mark.parametrize("hosts", [b"", b"host: a\r\nhost: b\r\n"], ids=["none", "two"])
def test_request_needs_one_host(server: str, hosts: bytes) -> None:
    close = b"connection: close\r\n\r\n"
    heard = said(server, b"GET /livez HTTP/1.1\r\n" + hosts + close)
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in heard
    assert said(server, b"GET /livez HTTP/1.0\r\n" + close).startswith(b"HTTP/1.1 200 ")


@pytest.mark.thorough
def test_slow_request_head_times_out(server: str) -> None:
    with ThreadPoolExecutor() as clients:
        silent, slow = clients.map(lambda pieces: said(server, *pieces), [[], [REQUEST]])
    assert silent == b""
    assert slow.startswith(b"HTTP/1.1 408 ")


# Requests in progress


class PendingRequests:
    """Requests whose bodies are sent when they are released."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._free = asyncio.Event()
        self._sent: list[asyncio.Task[httpx2.Response]] = []

    async def start(self, count: int) -> None:
        for number in range(count):
            started = asyncio.Event()
            request = self._client.post("/tags", content=self._body(number, started), headers=JSON)
            self._sent.append(asyncio.create_task(request))
            await started.wait()

    async def release(self) -> list[int]:
        self._free.set()
        return [answer.status_code for answer in await asyncio.gather(*self._sent)]

    async def _body(self, number: int, started: asyncio.Event) -> AsyncIterator[bytes]:
        started.set()
        await self._free.wait()
        yield json.dumps({"name": f"held {number}"}).encode()


@asynccontextmanager
async def started(settings: Settings, registry: Registry, **changes: Any) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(settings_for(settings.url, **changes), registry=registry)
    async with serving(app) as client:
        yield client


async def test_requests_over_max_requests_are_rejected(settings: Settings, registry: Registry) -> None:
    async with started(settings, registry, max_requests=3) as client:
        pending = PendingRequests(client)
        await pending.start(3)
        for path in ("/tags", "/", "/nothing", "/health"):
            answer = await client.get(path)
            assert error_of(answer) == OVERLOADED, path
            assert answer.headers["retry-after"] == "1"
        assert (await client.get("/livez")).status_code == 200
        assert await pending.release() == [201, 201, 201]
        assert (await client.get("/tags")).json()["total"] == 3


async def test_finished_requests_are_not_in_progress(
    settings: Settings, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(settings, registry, max_requests=1, body_timeout=0.05) as client:
        pending = PendingRequests(client)
        await pending.start(1)
        assert (await asyncio.gather(*pending._sent))[0].status_code == 408
        for path in ("/nothing", "/users/x", "/tags"):
            assert (await client.get(path)).status_code in (200, 404, 422)
        with monkeypatch.context() as broken:
            broken.setattr("api.routers.service.version", None)
            assert (await client.get("/")).status_code == 500
        assert (await client.get("/tags")).status_code == 200


# Browsers


SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-cache",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


async def test_every_response_has_security_headers(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    client = shop.client
    label = await shop.tag()
    monkeypatch.setattr("api.routers.service.version", None)
    answers = {
        200: await client.get("/tags/1"),
        201: await client.post("/tags", json={"name": "x"}),
        204: await client.delete("/tags/2"),
        304: await client.get("/tags/1", headers={"If-None-Match": f'"{label["id"]}-1"'}),
        404: await client.get("/nothing"),
        405: await client.delete("/tags"),
        415: await client.post("/tags", content=b"x"),
        422: await client.get("/tags/x"),
        500: await client.get("/"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert {name: answer.headers.get_list(name) for name in SECURITY} == {n: [v] for n, v in SECURITY.items()}
    for path in ("/openapi.json", "/docs/assets/swagger-ui.css"):
        assert SECURITY.items() <= dict((await client.get(path)).headers).items(), path


async def test_docs_page_policy_allows_its_assets(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    [policy] = page.headers.get_list("content-security-policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-eval" not in policy
    assert not re.search(r"script-src[^;]*unsafe", policy)


def test_docs_page_works_in_browser(server: str, tmp_path: Path) -> None:
    with open_browser(tmp_path / "profile") as shown:
        shown.visit(f"{server}/docs")
        shown.run(
            "return new Promise(done => { const look = () => document.querySelector('.opblock') ? done() : "
            "setTimeout(look, 50); look() })"
        )
        assert shown.run("return document.querySelectorAll('.opblock').length") > 60
        status = shown.run("return fetch('/livez').then(answer => answer.json())")
        assert status == {"status": "alive"}
        assert [line for line in shown.console_messages() if "favicon" not in line] == []
        asked = [url for url in shown.requested_urls() if not url.startswith(("data:", "blob:", "chrome:"))]
        assert [url for url in asked if not url.startswith(server)] == []
        assert len(asked) >= 4
