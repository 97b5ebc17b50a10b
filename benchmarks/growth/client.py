"""One client of a filled shop, in process: what is timed is the application and its database, and no queue."""

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
from benchmarks.growth.data import Shop
from benchmarks.growth.database import Database
from conformance.defaults import settings_for
from core.money import parse as minor
from core.storage import SortKind, SortOrder
from core.storage.pages import encode_cursor
from core.storage.sorts import NEWEST_FIRST

Json = Any


class Unexpected(Exception):
    """An answer with another status than the endpoint promises."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent.

    Attributes:
        method: of HTTP.
        target: path and query.
        body: to be sent as JSON, if anything.
        status: of a good answer.
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
    """Asks one shop, and knows what is in it.

    Attributes:
        shop: what it was filled with.
        database: beneath it.
        dice: what keys are drawn with: evenly from all rows, another each time.
        numbers: that no row of this run has had yet.
    """

    def __init__(self, app: FastAPI, shop: Shop, database: Database) -> None:
        self._app = app
        self.shop, self.database = shop, database
        self.dice = random.Random(20261122)  # noqa: S311 - the same in every run
        self.numbers = count(1)

    @property
    def server(self) -> str:
        """Product and version of the database."""
        return str(self._app.state.storage.server)

    def any(self, kind: str) -> int:
        """The id of any of the rows."""
        return self.dice.randint(1, self.shop.last[kind])

    def cursor(self, kind: str, depth: float) -> str:
        """A cursor behind a row at about this depth, 0 to 1, of a list that is sorted newest first."""
        of = self.shop.last[kind]
        row = max(200, round(of * (1 - depth)) - self.dice.randint(0, of // 50))
        return encode_cursor(NEWEST_FIRST, SimpleNamespace(id=row, created_at=self.shop.at(row, of)))

    def behind(self, row: Json, field: str, kind: SortKind) -> str:
        """A cursor behind a row that was answered, of a list sorted by one of its fields, ascending."""
        value = minor(row[field]) if kind is SortKind.INTEGER else row[field]
        return encode_cursor(
            SortOrder(field, kind, descending=False), SimpleNamespace(**{"id": row["id"], field: value})
        )

    async def ask(self, request: Request) -> Json:
        """The body of the answer."""
        return (await self.timed(request))[1]

    async def timed(self, request: Request) -> tuple[float, Json]:
        """How many seconds the answer took, and its body.

        Raises:
            Unexpected: its status is not the right one.
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

        began = perf_counter()
        await self._app(scope, receive, send)
        took, body = perf_counter() - began, b"".join(parts)
        if status != request.status:
            raise Unexpected(f"{request.method} {request.target}: {status} {body[:300].decode()}")
        return took, json.loads(body) if body else None


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
async def client(url: str, shop: Shop, database: Database) -> AsyncIterator[Client]:
    """A client of the API over a filled database. It asks one thing at a time, so that connections are few and warm."""
    app = create_app(settings_for(url, pool_size=2))
    async with app.router.lifespan_context(app):
        yield Client(app, shop, database)
