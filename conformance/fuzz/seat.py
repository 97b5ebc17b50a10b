"""One storage that takes part: its API, and what the shop in plain Python can be like after what it answered so far."""

import copy
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import permutations
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx2
from fastapi import FastAPI

from conformance.defaults import settings_for
from conformance.fuzz import model
from conformance.fuzz.model import Ask, Shop
from conformance.fuzz.names import Names
from conformance.fuzz.steps import NOTHING, Line, Step
from conformance.problem import read_problem
from conformance.target import Target


class Divergence(AssertionError):
    """A storage answered what the shop does not.

    Attributes:
        transcript: the conversation so far, as JSON lines.
    """

    transcript = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a storage answered; a body of None is none."""

    status: int
    body: Any


class Seat:
    """A storage, and the shops that answer as it did.

    After two requests at once there are two such shops, one for each order in which they may have been served, unless
    the answers or the outcome tell which it was. Each later answer leaves those that agree with it; when none is left,
    the storage is wrong, or the shop in plain Python is.
    """

    def __init__(self, name: str, client: httpx2.AsyncClient) -> None:
        self.name = name
        self.names = Names()
        self._client = client
        self._shops = [Shop()]

    @classmethod
    @asynccontextmanager
    async def at(cls, target: Target, app: FastAPI) -> "AsyncIterator[Seat]":
        """A seat with an empty store. ``app`` is started on it."""
        app.state.settings = settings_for(await target.fresh())
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client,
        ):
            yield cls(target.name, client)

    async def ask(self, ask: Ask, path: str) -> Reply:
        """Send a request."""
        headers = {} if ask.content is None else {"content-type": "application/json"}
        answer = await self._client.request(ask.method, path, content=ask.content, headers=headers)
        if answer.status_code >= 400:
            return Reply(answer.status_code, read_problem(answer))
        assert not answer.content or answer.headers["content-type"] == "application/json"
        return Reply(answer.status_code, answer.json() if answer.content else None)

    def fill_in(self, step: Step) -> tuple[Ask, str]:
        """The request that a step means here, in parts and as the path that is sent."""
        path = self.names.in_path(step.path)
        bare, _, query = path.partition("?")
        content = step.text
        if content is None and step.body is not NOTHING:
            content = json.dumps(self.names.in_body(step.body))
        parts = tuple(parse_qsl(query, keep_blank_values=True))
        return Ask(step.method, unquote(bare).removesuffix("/"), parts, content), path

    def judge(self, asks: Sequence[Ask], replies: Sequence[Reply], now: int) -> None:
        """Keep the shops that answer the same, in some order of the requests.

        Raises:
            Divergence: there is none.
        """
        outcomes = [outcome for shop in self._shops for outcome in _served(shop, asks, replies, now)]
        fitting: list[Shop] = []
        for shop, wrong in outcomes:
            if wrong is None and not any(map(shop.holds_the_same, fitting)):
                fitting.append(shop)
        if not fitting:
            reasons = "\n".join(f"  {wrong}" for _, wrong in outcomes)
            raise Divergence(f"{self.name}: none of {len(outcomes)} ways to serve this fits:\n{reasons}")
        self._shops = fitting

    def remember(self, step: Step, reply: Reply) -> None:
        """Learn what names stand for, once an answer was found right."""
        if reply.status == 201 and step.names:
            made = reply.body if isinstance(reply.body, list) else [reply.body]
            for name, thing in zip(step.names, made, strict=False):
                self.names.bind(name, thing)
        if isinstance(reply.body, dict) and "next_cursor" in reply.body:
            self.names.bind_cursor(step.path.partition("?")[0], reply.body["next_cursor"])

    async def reveal(self, line: Line, now: int) -> None:
        """Ask for what the last requests made without saying under which ids."""
        if any(shop.hidden("tag") for shop in self._shops):
            await self._look("tag", "name", "/tags?sort=-id&page_size=100", now)
        for key in {row["user_id"] for shop in self._shops for row in shop.hidden("notification")}:
            rows = await self._look("notification", "order_id", f"/users/{key}/notifications?sort=-id", now)
            for step in line:
                self._bind_notifications(step, rows)

    def _bind_notifications(self, step: Step, rows: list[dict[str, Any]]) -> None:
        for name in step.names:
            order = self.names.thing(name)
            for row in rows:
                if order and name.startswith("order") and row["order_id"] == order["id"]:
                    self.names.bind(name.replace("order", "notification"), row)

    async def _look(self, kind: str, name: str, path: str, now: int) -> list[dict[str, Any]]:
        ask, path = self.fill_in(Step("GET", path))
        reply = await self.ask(ask, path)
        rows: list[dict[str, Any]] = reply.body.get("items", [])
        for shop in self._shops:
            shop.learn(kind, name, rows)
        self.judge([ask], [reply], now)
        return rows


def _served(shop: Shop, asks: Sequence[Ask], replies: Sequence[Reply], now: int) -> Iterator[tuple[Shop, str | None]]:
    """What becomes of a shop in each order of the requests, and in what its answers differ."""
    for order in permutations(range(len(asks))):
        after = shop if len(asks) == 1 else copy.deepcopy(shop)
        after.now = now
        wrong = None
        for index in order:
            reply = replies[index]
            found = model.difference(model.answer(after, asks[index], reply.body), reply.status, reply.body)
            wrong = wrong or (found and f"{asks[index].method} {asks[index].path}: {found}")
        yield after, wrong
