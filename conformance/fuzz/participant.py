"""One storage of a differential run: its API, and the states that the model can be in after its replies so far."""

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
from conformance.fuzz.bindings import Bindings
from conformance.fuzz.model import RawRequest, ShopModel
from conformance.fuzz.steps import NOTHING, Line, Step
from conformance.problem import read_problem
from conformance.target import Target


class Divergence(AssertionError):
    """A storage's reply differs from the model's.

    Attributes:
        transcript: the sequence so far, as JSON lines.
    """

    transcript = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply of a storage; a body of None is none."""

    status: int
    body: Any


class Participant:
    """A storage, and the models that agree with its replies.

    After two concurrent requests there are two such models, one for each order in which they may have been served,
    unless the replies or the data show which it was. Each later reply keeps those that agree with it; if none is left,
    the storage is wrong, or the model is.
    """

    def __init__(self, name: str, client: httpx2.AsyncClient) -> None:
        self.name = name
        self.bindings = Bindings()
        self._client = client
        self._models = [ShopModel()]

    @classmethod
    @asynccontextmanager
    async def open(cls, target: Target, app: FastAPI) -> "AsyncIterator[Participant]":
        """A participant with an empty store, on which ``app`` is started."""
        app.state.settings = settings_for(await target.fresh())
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client,
        ):
            yield cls(target.name, client)

    async def send(self, raw: RawRequest, path: str) -> Reply:
        """Send a request."""
        headers = {} if raw.content is None else {"content-type": "application/json"}
        response = await self._client.request(raw.method, path, content=raw.content, headers=headers)
        if response.status_code >= 400:
            return Reply(response.status_code, read_problem(response))
        assert not response.content or response.headers["content-type"] == "application/json"
        return Reply(response.status_code, response.json() if response.content else None)

    def resolve(self, step: Step) -> tuple[RawRequest, str]:
        """The request of a step, with this storage's values: in parts, and the path that is sent."""
        path = self.bindings.resolve_path(step.path)
        bare, _, query = path.partition("?")
        content = step.text
        if content is None and step.body is not NOTHING:
            content = json.dumps(self.bindings.resolve_body(step.body))
        parts = tuple(parse_qsl(query, keep_blank_values=True))
        return RawRequest(step.method, unquote(bare).removesuffix("/"), parts, content), path

    def check_reply(self, requests: Sequence[RawRequest], replies: Sequence[Reply], now: int) -> None:
        """Keep the models that give these replies, in some order of the requests.

        Raises:
            Divergence: there is none.
        """
        results = [result for shop in self._models for result in _serve(shop, requests, replies, now)]
        agreeing: list[ShopModel] = []
        for shop, difference in results:
            if difference is None and not any(map(shop.has_same_state, agreeing)):
                agreeing.append(shop)
        if not agreeing:
            reasons = "\n".join(f"  {difference}" for _, difference in results)
            raise Divergence(f"{self.name}: none of {len(results)} ways to serve this agrees:\n{reasons}")
        self._models = agreeing

    def bind(self, step: Step, reply: Reply) -> None:
        """Bind the names of a step to the entities in its reply."""
        if reply.status == 201 and step.names:
            created = reply.body if isinstance(reply.body, list) else [reply.body]
            for name, entity in zip(step.names, created, strict=False):
                self.bindings.bind(name, entity)
        if isinstance(reply.body, dict) and "next_cursor" in reply.body:
            self.bindings.bind_cursor(step.path.partition("?")[0], reply.body["next_cursor"])

    async def read_unseen(self, line: Line, now: int) -> None:
        """Read the entities that the last requests created without showing their ids."""
        if any(shop.unseen("tag") for shop in self._models):
            await self._read("tag", "name", "/tags?sort=-id&page_size=100", now)
        for key in {row["user_id"] for shop in self._models for row in shop.unseen("notification")}:
            rows = await self._read("notification", "order_id", f"/users/{key}/notifications?sort=-id", now)
            for step in line:
                self._bind_notifications(step, rows)

    def _bind_notifications(self, step: Step, rows: list[dict[str, Any]]) -> None:
        for name in step.names:
            order = self.bindings.entity(name)
            for row in rows:
                if order and name.startswith("order") and row["order_id"] == order["id"]:
                    self.bindings.bind(name.replace("order", "notification"), row)

    async def _read(self, kind: str, name: str, path: str, now: int) -> list[dict[str, Any]]:
        raw, path = self.resolve(Step("GET", path))
        reply = await self.send(raw, path)
        rows: list[dict[str, Any]] = reply.body.get("items", [])
        for shop in self._models:
            shop.learn_ids(kind, name, rows)
        self.check_reply([raw], [reply], now)
        return rows


def _serve(
    shop: ShopModel, requests: Sequence[RawRequest], replies: Sequence[Reply], now: int
) -> Iterator[tuple[ShopModel, str | None]]:
    """The model after each order of the requests, and the first difference from the replies."""
    for order in permutations(range(len(requests))):
        after = shop if len(requests) == 1 else copy.deepcopy(shop)
        after.now = now
        difference = None
        for index in order:
            raw, reply = requests[index], replies[index]
            found = model.find_difference(model.respond(after, raw, reply.body), reply.status, reply.body)
            difference = difference or (found and f"{raw.method} {raw.path}: {found}")
        yield after, difference
