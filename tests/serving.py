"""A client of an application that is started in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from fastapi import FastAPI


@asynccontextmanager
async def serving(app: FastAPI, *, peer: str = "127.0.0.1", root_path: str = "") -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application of the test's own, started. An unexpected error is a response, as on a server.

    Args:
        app: to be served.
        peer: the address that the client has.
        root_path: that the server names.
    """
    transport = httpx2.ASGITransport(app=app, client=(peer, 5), root_path=root_path, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client,
    ):
        yield client
