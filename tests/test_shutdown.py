"""A server that is stopped while requests are in progress."""

import asyncio
import socket

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from cli.serve import shutdown_timeout
from conformance.defaults import settings_for
from conformance.problem import error_of
from core.settings import Settings

pytestmark = pytest.mark.only("sqlite")


async def test_request_cut_off_by_shutdown_is_503(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(app.state.storage, "ping", hang)
    config = uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server._serve([listener]))
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            request = asyncio.create_task(client.get("/health"))
            await started.wait()
            server.should_exit = True
            answer = await request
        await serving
    assert error_of(answer) == (503, "shutting-down")
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("seconds", [0.5, 30.0, 3600.0])
def test_shutdown_outlasts_database_timeout(settings: Settings, seconds: float) -> None:
    chosen = settings_for(settings.url, database_timeout=seconds)
    assert shutdown_timeout(chosen) > chosen.pool_timeout + chosen.database_timeout
