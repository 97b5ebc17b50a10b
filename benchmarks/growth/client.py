"""A client of a filled shop, in process: measures the application and its database, without a network or a queue."""

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI

from api.app import create_app
from benchmarks.growth.data import ShopData
from benchmarks.growth.database import Database
from conformance.defaults import settings_for
from core.money import parse as parse_money
from core.storage import SortKind, SortOrder
from core.storage.pages import encode_cursor
from core.storage.sorts import NEWEST_FIRST

Json = Any


class UnexpectedStatus(Exception):
    """A response has another status than expected."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Attributes:
        method: of HTTP.
        target: path and query.
        body: sent as JSON; None for no body.
        status: expected of the response.
    """

    method: str
    target: str
    body: Json = None
    status: int = 200


def get(target: str) -> Request:
    """A GET request."""
    return Request("GET", target)


def post(target: str, body: Json = None, status: int = 201) -> Request:
    """A POST request."""
    return Request("POST", target, body, status)


class Client:
    """Sends requests to one shop, and computes the keys of its rows.

    Attributes:
        shop: the rows that it was filled with.
        database: of the shop.
        random: draws keys uniformly from all rows.
        numbers: unique within this run.
    """

    def __init__(self, app: FastAPI, shop: ShopData, database: Database) -> None:
        self._app = app
        self.shop, self.database = shop, database
        self.random = random.Random(20261122)  # noqa: S311 - the same in every run
        self.numbers = count(1)

    @property
    def server(self) -> str:
        """Product and version of the database."""
        return str(self._app.state.storage.server)

    def random_id(self, kind: str) -> int:
        """The id of a random row."""
        return self.random.randint(1, self.shop.last[kind])

    def random_cursor(self, kind: str, depth: float) -> str:
        """A cursor after a random row at about this depth, 0 to 1, of a list sorted newest first."""
        of = self.shop.last[kind]
        row = max(200, round(of * (1 - depth)) - self.random.randint(0, of // 50))
        return encode_cursor(NEWEST_FIRST, SimpleNamespace(id=row, created_at=self.shop.at(row, of)))

    def cursor_after(self, row: Json, field: str, kind: SortKind) -> str:
        """A cursor after a row of a response, for a list sorted by one of its fields, ascending."""
        value = parse_money(row[field]) if kind is SortKind.INTEGER else row[field]
        return encode_cursor(
            SortOrder(field, kind, descending=False), SimpleNamespace(**{"id": row["id"], field: value})
        )

    async def request(self, request: Request) -> Json:
        """The body of the response."""
        return (await self.timed_request(request))[1]

    async def timed_request(self, request: Request) -> tuple[float, Json]:
        """The seconds until the response, and its body.

        Raises:
            UnexpectedStatus: its status is not the expected one.
        """
        scope, content = _scope(request), b"" if request.body is None else json.dumps(request.body).encode()
        status, parts = 0, list[bytes]()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        start = perf_counter()
        await self._app(scope, receive, send)
        seconds, body = perf_counter() - start, b"".join(parts)
        if status != request.status:
            raise UnexpectedStatus(f"{request.method} {request.target}: {status} {body[:300].decode()}")
        return seconds, json.loads(body) if body else None


def _scope(request: Request) -> dict[str, Any]:
    raw_path, _, query = request.target.partition("?")
    path = unquote(raw_path)
    headers = [(b"host", b"shop.test"), (b"accept", b"*/*")]
    if request.body is not None:
        headers.append((b"content-type", b"application/json"))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": path,
        "raw_path": raw_path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 8000),
    }


@asynccontextmanager
async def open_client(url: str, shop: ShopData, database: Database) -> AsyncIterator[Client]:
    """A client of the API over a filled database. Its requests are sequential, so that few connections are used."""
    app = create_app(settings_for(url, pool_size=2))
    async with app.router.lifespan_context(app):
        yield Client(app, shop, database)
