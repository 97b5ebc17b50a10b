"""Cursors that are signed: with ``SECRET_KEYS`` only those of the server are accepted."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.problem import error_of, read_problem
from conformance.suite.bad_input.parameters import encode_cursor
from core.plugins import Registry
from core.settings import Settings
from tests.serving import serving

pytestmark = pytest.mark.only("sqlite")

ONE, OTHER = "a" * 32, "b" * 32

StartClient = Callable[[str], AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture
def started(settings: Settings, registry: Registry) -> StartClient:
    """A client of an API with these secret keys."""

    @asynccontextmanager
    async def start(keys: str) -> AsyncIterator[httpx2.AsyncClient]:
        app = create_app(settings_for(settings.url, secret_keys=keys), registry=registry)
        async with serving(app) as client:
            yield client

    return start


async def next_cursor(client: httpx2.AsyncClient) -> str:
    """The cursor behind the first of two tags."""
    for name in ("x", "y"):
        await client.post("/tags", json={"name": name})
    cursor: str = (await client.get("/tags?page_size=1&sort=name&cursor=")).json()["next_cursor"]
    return cursor


async def follow(client: httpx2.AsyncClient, cursor: str) -> httpx2.Response:
    return await client.get("/tags", params={"page_size": 1, "cursor": cursor})


def without_instance(answer: httpx2.Response) -> dict[str, Any]:
    assert error_of(answer) == (422, "validation-failed")
    return {name: value for name, value in read_problem(answer).items() if name != "instance"}


async def test_altered_cursors_get_one_answer(started: StartClient) -> None:
    async with started(ONE) as client:
        cursor = await next_cursor(client)
        assert [tag["name"] for tag in (await follow(client, cursor)).json()["items"]] == ["y"]
        altered = [
            cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
            for place in range(0, len(cursor) - 1, 3)
        ]
        made = encode_cursor("name", "x", 1)
        for wrong in (*altered, made, cursor[:-3], cursor * 2, "x", "\x00", "\u00e9", "%", "=", "x" * 5000, "x" * 4096):
            answer = without_instance(await follow(client, wrong))
            assert answer["detail"] == "cursor: Is not a cursor of this list.", wrong
            assert answer == without_instance(await follow(client, "broken"))


async def test_long_cursor_without_keys_gets_the_same_answer(started: StartClient) -> None:
    async with started("") as client:
        expected = without_instance(await follow(client, "broken"))
        for wrong in ("x" * 5000, "\u00e9", "\x00", "=", encode_cursor("password_hash", "x", 1)):
            assert without_instance(await follow(client, wrong)) == expected


async def test_cursor_survives_rotation_of_keys(started: StartClient) -> None:
    async with started(ONE) as client:
        cursor = await next_cursor(client)
    async with started(f"{OTHER},{ONE}") as client:
        assert (await follow(client, cursor)).status_code == 200
        newer: str = (await client.get("/tags?page_size=1&cursor=")).json()["next_cursor"]
    async with started(OTHER) as client:
        assert (await follow(client, newer)).status_code == 200
        assert error_of(await follow(client, cursor)) == (422, "validation-failed")


async def test_cursor_of_another_list_is_refused(started: StartClient) -> None:
    async with started(ONE) as client:
        cursor = await next_cursor(client)
        answer = await client.get("/orders", params={"cursor": cursor})
        assert without_instance(answer) == without_instance(await follow(client, "broken"))


@pytest.mark.parametrize("keys", ["", ONE])
async def test_longest_values_have_usable_cursors(started: StartClient, keys: str) -> None:
    async with started(keys) as client:
        for letter in "ab":
            product = {"name": "\U0001f600" * 199 + letter, "sku": letter, "price": 1}
            assert (await client.post("/products", json=product)).status_code == 201
        cursor = (await client.get("/products?page_size=1&sort=name&cursor=")).json()["next_cursor"]
        answer = await client.get("/products", params={"page_size": 1, "cursor": cursor})
        assert [one["sku"] for one in answer.json()["items"]] == ["B"], answer.text


async def test_characters_that_mean_nothing_are_refused(started: StartClient) -> None:
    async with started(ONE) as client:
        cursor = await next_cursor(client)
        for wrong in (f"{cursor}=", f"{cursor}!!", f"{cursor[:5]} {cursor[5:]}", cursor.upper()):
            assert error_of(await follow(client, wrong)) == (422, "validation-failed"), wrong
