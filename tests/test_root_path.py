"""The API below a path, behind a proxy that removes it from requests and behind one that does not."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.problem import error_of
from conformance.processes.ports import PortPool
from conformance.processes.process import Process
from core.errors import ConfigurationError
from core.plugins import Registry
from core.settings import Settings, load
from tests.serving import serving

pytestmark = pytest.mark.only("sqlite")

StartClient = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]
PREFIX = {"X-Forwarded-Prefix": "/shop"}


@pytest.fixture
def started(settings: Settings, registry: Registry) -> StartClient:
    """A client of an API with further settings, from the address ``peer``; a server may name a path itself."""

    @asynccontextmanager
    async def start(
        peer: str = "127.0.0.1", server_path: str = "", **changes: Any
    ) -> AsyncIterator[httpx2.AsyncClient]:
        app = create_app(settings_for(settings.url, **changes), registry=registry)
        async with serving(app, peer=peer, root_path=server_path) as client:
            yield client

    return start


async def assert_below(client: httpx2.AsyncClient, root: str, sent: str, headers: dict[str, str]) -> None:
    """Everything links to ``root``; requests are sent with ``sent`` before their path."""
    assert (await client.get(f"{sent}/", headers=headers)).json()["docs"] == f"{root}/docs"
    page = await client.get(f"{sent}/docs", headers=headers)
    links = re.findall(r'["\']([^"\' ]*(?:/assets/[a-z.-]+|openapi[.]json))["\']', page.text)
    assert len(links) >= 4
    for link in links:
        assert link.startswith(f"{root}/")
        assert (await client.get(sent + link.removeprefix(root), headers=headers)).status_code == 200
    document = (await client.get(f"{sent}/openapi.json", headers=headers)).json()
    assert document.get("servers") == ([{"url": root}] if root else None)


@pytest.mark.parametrize("sent", ["", "/shop/v1"], ids=["removed", "left"])
async def test_root_path_is_in_all_links(started: StartClient, sent: str) -> None:
    async with started(root_path="/shop/v1") as client:
        await assert_below(client, "/shop/v1", sent, {})


async def test_requests_below_root_path_are_served(started: StartClient) -> None:
    async with started(root_path="/shop", rate_limit="3/hour") as client:
        assert (await client.get("/shop")).json()["docs"] == "/shop/docs"
        assert (await client.post("/shop/tags/", json={"name": "x"})).status_code == 201
        assert error_of(await client.delete("/shop/tags")) == (405, "method-not-allowed")
        assert (await client.get("/shop/livez")).status_code == 200, "is not counted"
        assert error_of(await client.get("/shopping")) == (429, "rate-limited")


async def test_path_of_another_server_is_used(started: StartClient) -> None:
    async with started(server_path="/shop") as client:
        await assert_below(client, "/shop", "/shop", {})


@pytest.mark.parametrize("sent", ["", "/shop"], ids=["removed", "left"])
async def test_prefix_of_trusted_proxy_is_used(started: StartClient, sent: str) -> None:
    async with started(peer="10.0.0.5", trusted_networks="10.0.0.0/24") as client:
        await assert_below(client, "/shop", sent, PREFIX)
        await assert_below(client, "", "", {})


async def test_prefix_of_untrusted_client_is_ignored(started: StartClient) -> None:
    async with started(peer="192.0.2.1", auth="required", secret_keys="x" * 32, rate_limit="off") as client:
        await assert_below(client, "", "", PREFIX)


@pytest.mark.parametrize("given", ["//evil.example", "shop", "/a b", '/x"><script>', "/" + "x" * 101, "/", "/a//b"])
async def test_invalid_prefix_is_ignored(started: StartClient, given: str) -> None:
    async with started() as client:
        await assert_below(client, "", "", {"X-Forwarded-Prefix": given})


@pytest.mark.parametrize("given", ["shop", "//shop", "/a b", "https://shop.example"])
def test_invalid_root_path_is_refused(given: str) -> None:
    with pytest.raises(ConfigurationError, match="ROOT_PATH"):
        load(_env_file=None, root_path=given)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_takes_root_path(settings: Settings, tmp_path: Path, workers: str) -> None:
    ports = PortPool()
    port = ports.acquire()
    options = ["--port", str(port), "--workers", workers, "--root-path", "/shop/"]
    command: list[str | Path] = [Path(sys.executable).with_name("stockroom"), "serve", *options]
    process = Process(command, tmp_path, env={**os.environ, "DATABASE_URL": settings.url})

    async def ready() -> None:
        async with httpx2.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/shop/")
            assert answer.json()["docs"] == "/shop/docs"

    try:
        asyncio.run(process.wait_until(ready, 60))
    finally:
        process.stop()
        ports.release()
