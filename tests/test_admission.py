"""Admission without authentication: clients on this machine and in trusted networks."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from api.middleware.admission import AdmissionControl
from conformance.defaults import settings_for
from conformance.problem import error_of, read_problem
from conformance.processes.servers import start_servers
from core.settings import Settings

FORBIDDEN = (403, "forbidden")
CLAIMS = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "X-Real-IP": "127.0.0.1", "Host": "localhost"}

ClientAt = Callable[[tuple[str, int] | None], AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture
def client_at(app: FastAPI) -> ClientAt:
    """A client of the API with another address."""

    @asynccontextmanager
    async def client(peer: tuple[str, int] | None) -> AsyncIterator[httpx2.AsyncClient]:
        transport = httpx2.ASGITransport(app=app, client=peer)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            yield client

    return client


def trusts(host: str, networks: str = "") -> bool:
    scope = {"client": (host, 1), "path": "/", "state": {}}
    return AdmissionControl(settings_for("nowhere://", trusted_networks=networks)).rejection(scope) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "::1%lo"])
def test_loopback_client_is_trusted(host: str) -> None:
    assert trusts(host)


@pytest.mark.parametrize(
    "host",
    ["192.0.2.1", "10.0.0.1", "0.0.0.0", "::", "fe80::1%eth0", "::ffff:192.0.2.1", "128.0.0.1", "testclient", ""],
)
def test_other_client_is_not_trusted(host: str) -> None:
    assert not trusts(host)


def test_trusted_network_ends_at_its_bounds() -> None:
    networks = "10.0.0.0/30, fd00::/16"
    for host in ("10.0.0.0", "10.0.0.3", "::ffff:10.0.0.3", "fd00:ffff::1", "127.0.0.1"):
        assert trusts(host, networks), host
    for host in ("10.0.0.4", "9.255.255.255", "fd01::1", "192.0.2.1"):
        assert not trusts(host, networks), host


@pytest.mark.parametrize("peer", [("192.0.2.1", 5), ("", 0), None], ids=str)
def test_every_network_is_served_with_authentication(peer: tuple[str, int] | None) -> None:
    settings = settings_for("nowhere://", auth="required", secret_keys="x" * 32, rate_limit="off")
    assert AdmissionControl(settings).rejection({"client": peer, "path": "/", "state": {}}) is None


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("peer", [("192.0.2.1", 5), ("", 0), None], ids=str)
async def test_untrusted_client_is_rejected_despite_headers(client_at: ClientAt, peer: tuple[str, int] | None) -> None:
    async with client_at(peer) as client:
        for method, path in (("GET", "/"), ("GET", "/users"), ("POST", "/tags"), ("GET", "/docs"), ("GET", "/livez")):
            for headers in ({}, CLAIMS):
                answer = await client.request(method, path, headers=headers)
                assert error_of(answer) == FORBIDDEN, path
        assert "TRUSTED_NETWORKS" in read_problem(answer)["detail"]


@pytest.mark.only("sqlite")
async def test_rejected_request_has_no_effect(client_at: ClientAt) -> None:
    async with client_at(("192.0.2.1", 5)) as untrusted, client_at(("127.0.0.1", 5)) as trusted:
        assert error_of(await untrusted.post("/tags", json={"name": "x"})) == FORBIDDEN
        assert (await trusted.get("/tags")).json()["total"] == 0


@pytest.mark.only("sqlite")
async def test_server_ignores_forwarded_headers(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment tells uvicorn to believe: a header neither lets a client in nor keeps it out."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with start_servers(settings, tmp_path, 1) as [server]:
        await server.wait_until_ready()
        async with httpx2.AsyncClient(base_url=server.url) as client:
            answer = await client.get("/livez", headers={"X-Forwarded-For": "192.0.2.1"})
    assert answer.status_code == 200
