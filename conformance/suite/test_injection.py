"""Injection: what means something to a database, a browser or a template is only text to the shop, in every place.

The places come from the API document, so none can be forgotten. Each meets every kind of attack; which one of a kind it
is goes round, so that a test of some four hundred requests has tried them all, in many places.
"""

import json
import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest
from fastapi import FastAPI

from conformance.member import Member
from conformance.problem import LEAKS, read_problem, refusal
from conformance.shop import LISTS, Shop
from conformance.suite.bad_input.bodies import BODIES
from conformance.suite.bad_input.parameters import NEEDED
from conformance.suite.bad_input.payloads import BRACKETS, OPERATORS, PAYLOADS, Place, places
from core.text import fold

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
INSIDE = re.compile(r"errno|sqlstate|syntax|operationalerror|bson|psycopg|\.py\b|line \d+|site-packages|duplicate key")
"""What only the inside of a server says. The shop's own words have none of it, whatever they answer."""

EXAMPLES = {body.operation: body for body in BODIES}
CREATES = {f"POST /{name}": (name, 1) for name in LISTS} | {
    "POST /orders/with-notifications": ("orders", 1),
    "POST /users/bulk": ("users", 2),
    "POST /products/bulk": ("products", 2),
}
by_kind = pytest.mark.parametrize("kind", PAYLOADS)


@by_kind
async def test_payload_in_url_or_header_changes_nothing(untouched: Shop, app: FastAPI, kind: str) -> None:
    wrong = []
    for place, text in zip(_places(app, "path", "query", "header"), cycle(PAYLOADS[kind])):
        if place.name != "Idempotency-Key" and (place.name, text) != ("If-Match", "*"):  # where these mean something
            answer = await _send(untouched.client, place, text)
            wrong += [f"{place} {text!r}: {one}" for one in _complaints(answer, text)]
            if answer.is_success and not place.operation.startswith("GET "):
                wrong.append(f"{place} {text!r}: it was let through")
    assert not wrong, "\n".join(wrong)


@by_kind
async def test_payload_in_body_or_key_is_plain_text(furnished: Shop, app: FastAPI, kind: str) -> None:
    wrong, accepted, expected = [], 0, await _totals(furnished)
    keys = [place for place in _places(app, "header") if place.name == "Idempotency-Key"]
    for place, text in zip([*_places(app, "body"), *keys], cycle(PAYLOADS[kind])):
        answer = await _send(furnished.client, place, text)
        wrong += [f"{place} {text!r}: {one}" for one in _complaints(answer, text)]
        if answer.is_success:
            accepted += 1
            made, number = CREATES.get(place.operation, ("", 0))
            expected |= {made: expected[made] + number} if made else {}
            stored = _echoed(answer.json(), place.name) if place.where == "body" and answer.content else None
            if isinstance(stored, str) and stored not in (text.strip(), text.strip().upper()):
                wrong.append(f"{place} {text!r}: came back as {stored!r}")
    tags = expected.pop("tags")
    found = await _totals(furnished)
    assert found.pop("tags") >= tags, "a post makes its tags"
    assert found == expected
    assert accepted > 20
    assert not wrong, "\n".join(wrong)


async def test_database_operators_are_rejected(untouched: Shop, app: FastAPI) -> None:
    wrong = []
    for place, value in zip(_places(app, "body"), cycle(OPERATORS)):
        if not place.form:
            answer = await _send(untouched.client, place, value)
            wrong += [f"{place} {value}: {one}" for one in _complaints(answer, "")]
            if answer.status_code != 422:
                wrong.append(f"{place} {value}: answered {answer.status_code}")
    for place, bracket in zip(_places(app, "query"), cycle(BRACKETS)):
        given = Place(place.operation, "query", place.name + bracket)
        answer = await _send(untouched.client, given, "")
        if answer.status_code != 422:
            wrong.append(f"{given}: answered {answer.status_code}")
    assert not wrong, "\n".join(wrong)


async def test_search_matches_payload_literally(shop: Shop) -> None:
    texts = sorted({text for texts in PAYLOADS.values() for text in texts})
    author = await shop.user()
    posts = [(await shop.article(author, title=f"<{text}>", content="0"))["title"] for text in texts]
    products = [(await shop.product(name=f"<{text}>"))["name"] for text in texts]
    for text in texts:
        for path, titles, field in (("/posts", posts, "title"), ("/products", products, "name")):
            answer = await shop.get(f"{path}?page_size=100&sort=id&{urlencode({'search': text})}")
            wanted = [title for title in titles if fold(text.strip()) in fold(title)]
            assert [one[field] for one in answer["items"]] == wanted, f"{path} {text!r}"


@by_kind
async def test_payload_does_not_log_in(guest: httpx2.AsyncClient, protected_app: FastAPI, kind: str) -> None:
    """In each field of a log-in, and as a token."""
    ada = await Member.register(guest)
    fields = [place for place in _places(protected_app, "body") if place.form]
    assert {place.name for place in fields} == {"grant_type", "username", "password", "refresh_token"}
    form = {"username": "ada", "password": "x", "refresh_token": "x"}
    for text in PAYLOADS[kind]:
        for place in fields:
            grant = {"grant_type": "refresh_token" if place.name == "refresh_token" else "password"}
            answer = await guest.post("/auth/token", data=form | grant | {place.name: text})
            assert answer.status_code == 400, f"{place.name} {text!r}: {answer.text}"
            said = answer.text.replace(json.dumps(text)[1:-1], "").lower()
            for inside in (LEAKS, INSIDE):
                assert not inside.search(said), answer.text
        answer = await guest.get("/users/1", headers={"Authorization": f"Bearer {text}"})
        assert refusal(answer)[0] == 401
    assert await ada.sees_itself(await ada.log_in()) == 200


def _places(app: FastAPI, *where: str) -> Iterator[Place]:
    found = [place for place in places(app.openapi()) if place.where in where]
    assert len(found) > 20
    yield from found


async def _send(client: httpx2.AsyncClient, place: Place, value: Any) -> httpx2.Response:
    """The operation's passing request, but with ``value`` in one place."""
    method, _, path = place.operation.partition(" ")
    text = value if isinstance(value, str) else ""
    in_path = quote(text, safe="") if place.where == "path" else "1"
    query = dict(NEEDED.get(place.operation, {})) | ({"new_status": "confirmed"} if path.endswith("/status") else {})
    if place.where == "query":
        query[place.name] = text
    headers = {place.name: text} if place.where == "header" else {}
    content, kind = _content(place, value)
    url = re.sub(r"\{\w+\}", lambda _: in_path, path)
    return await client.request(method, url, params=query, content=content, headers=headers | kind)


def _content(place: Place, value: Any) -> tuple[bytes | None, dict[str, str]]:
    if place.form:
        fields = {"grant_type": "password", "username": "user_1", "password": "x"}
        return urlencode(fields | {place.name: value}).encode(), FORM
    body = EXAMPLES.get(place.operation)
    if place.where != "body":
        return (_bytes(body.example()), JSON) if body else (None, {})
    if body is None:  # one of few fields, all of them text
        return _bytes({place.name: value}), JSON
    example = body.example()
    target, names = (example[0] if isinstance(example, list) else example), place.name.split(".")
    names = names[1:] if isinstance(example, list) else names
    if len(names) > 1:  # a list: its first element, or something in it
        target[names[0]] = [{**target[names[0]][0], names[2]: value}] if len(names) > 2 else [value]
    else:
        target[names[0]] = value
    return _bytes(example), JSON


def _bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def _echoed(answer: Any, name: str) -> Any:
    """The field of an answer that a field of the body became."""
    answer = answer[0] if isinstance(answer, list) else answer
    return answer.get(name.removeprefix("0.")) if isinstance(answer, dict) else None


def _complaints(answer: httpx2.Response, text: str) -> Iterator[str]:
    """What is wrong with an answer, whatever was asked."""
    if answer.status_code >= 500:
        yield f"answered {answer.status_code}"
    if "set-cookie" in answer.headers or any("\n" in value or "\r" in value for value in answer.headers.values()):
        yield "a header was made of it"
    if answer.status_code >= 400 and answer.headers.get("content-type") != "application/json":
        problem = read_problem(answer)
        said = " ".join([problem["detail"], *(error["message"] for error in problem["errors"])]).replace(text, "")
        if found := INSIDE.search(said.lower()):
            yield f"says {found[0]!r}"


async def _totals(shop: Shop) -> dict[str, int]:
    """How many there are of everything that has a list."""
    return {name: (await shop.get(f"/{name}?page_size=1"))["total"] for name in LISTS}
