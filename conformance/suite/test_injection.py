"""Injection: code for a database, a browser or a template is plain text in every place of a request.

The places come from the API document, so none can be forgotten. Each gets an attack of every kind; the attacks of a
kind take turns, so that a test of some four hundred requests tries them all.
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

from conformance.authenticated_user import AuthenticatedUser
from conformance.problem import LEAKS, error_of, read_problem
from conformance.shop import LISTS, Shop
from conformance.suite.bad_input.bodies import BODIES
from conformance.suite.bad_input.parameters import REQUIRED_PARAMETERS
from conformance.suite.bad_input.payloads import BRACKETS, OPERATORS, PAYLOADS, Place, places
from core.text import fold

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
INTERNALS = re.compile(
    r"errno|sqlstate|syntax|operationalerror|bson|psycopg|\.py\b|line \d+|site-packages|duplicate key"
)
"""Text that only the internals of a server produce; no message of the shop contains it."""

EXAMPLES = {body.operation: body for body in BODIES}
CREATES = {f"POST /{name}": (name, 1) for name in LISTS} | {
    "POST /orders/with-notifications": ("orders", 1),
    "POST /orders/{id}/payments": ("payments", 1),
    "POST /users/bulk": ("users", 2),
    "POST /products/bulk": ("products", 2),
}
by_kind = pytest.mark.parametrize("kind", PAYLOADS)


@by_kind
async def test_payload_in_url_or_header_changes_nothing(unchanged_shop: Shop, app: FastAPI, kind: str) -> None:
    faults = []
    for place, text in zip(_places(app, "path", "query", "header"), cycle(PAYLOADS[kind])):
        if place.name != "Idempotency-Key" and (place.name, text) != ("If-Match", "*"):  # which have a meaning there
            response = await _send(unchanged_shop.client, place, text)
            faults += [f"{place} {text!r}: {one}" for one in _find_faults(response, text)]
            if response.is_success and not place.operation.startswith("GET "):
                faults.append(f"{place} {text!r}: it was accepted")
    assert not faults, "\n".join(faults)


@by_kind
async def test_payload_in_body_or_key_is_plain_text(populated_shop: Shop, app: FastAPI, kind: str) -> None:
    faults, accepted, expected = [], 0, await _totals(populated_shop)
    keys = [
        place
        for place in _places(app, "header")
        if place.name == "Idempotency-Key" and not place.operation.endswith("/anonymise")  # which deletes posts
    ]
    for place, text in zip([*_places(app, "body"), *keys], cycle(PAYLOADS[kind])):
        response = await _send(populated_shop.client, place, text)
        faults += [f"{place} {text!r}: {one}" for one in _find_faults(response, text)]
        if response.is_success:
            accepted += 1
            name, added = CREATES.get(place.operation, ("", 0))
            expected |= {name: expected[name] + added} if name else {}
            stored = (
                _returned_field(response.json(), place.name) if place.where == "body" and response.content else None
            )
            if isinstance(stored, str) and stored not in (text.strip(), text.strip().upper()):
                faults.append(f"{place} {text!r}: came back as {stored!r}")
    tags = expected.pop("tags")
    found = await _totals(populated_shop)
    assert found.pop("tags") >= tags, "a post creates its tags"
    assert found == expected
    assert accepted > 20
    assert not faults, "\n".join(faults)


async def test_database_operators_are_rejected(unchanged_shop: Shop, app: FastAPI) -> None:
    faults = []
    for place, value in zip(_places(app, "body"), cycle(OPERATORS)):
        if not place.form:
            response = await _send(unchanged_shop.client, place, value)
            faults += [f"{place} {value}: {one}" for one in _find_faults(response, "")]
            if response.status_code != 422:
                faults.append(f"{place} {value}: status {response.status_code}")
    for place, bracket in zip(_places(app, "query"), cycle(BRACKETS)):
        given = Place(place.operation, "query", place.name + bracket)
        response = await _send(unchanged_shop.client, given, "")
        if response.status_code != 422:
            faults.append(f"{given}: status {response.status_code}")
    assert not faults, "\n".join(faults)


async def test_search_matches_payload_literally(shop: Shop) -> None:
    texts = sorted({text for texts in PAYLOADS.values() for text in texts})
    author = await shop.user()
    posts = [(await shop.new_post(author, title=f"<{text}>", content="0"))["title"] for text in texts]
    products = [(await shop.product(name=f"<{text}>"))["name"] for text in texts]
    for text in texts:
        for path, titles, field in (("/posts", posts, "title"), ("/products", products, "name")):
            response = await shop.get(f"{path}?page_size=100&sort=id&{urlencode({'search': text})}")
            wanted = [title for title in titles if fold(text.strip()) in fold(title)]
            assert [one[field] for one in response["items"]] == wanted, f"{path} {text!r}"


@by_kind
async def test_payload_does_not_log_in(anonymous_client: httpx2.AsyncClient, protected_app: FastAPI, kind: str) -> None:
    """In each field of a log-in, and as a token."""
    ada = await AuthenticatedUser.register(anonymous_client)
    fields = [place for place in _places(protected_app, "body") if place.form]
    assert {place.name for place in fields} == {"grant_type", "username", "password", "refresh_token"}
    form = {"username": "ada", "password": "x", "refresh_token": "x"}
    for text in PAYLOADS[kind]:
        for place in fields:
            grant = {"grant_type": "refresh_token" if place.name == "refresh_token" else "password"}
            response = await anonymous_client.post("/auth/token", data=form | grant | {place.name: text})
            assert response.status_code == 400, f"{place.name} {text!r}: {response.text}"
            message = response.text.replace(json.dumps(text)[1:-1], "").lower()
            for pattern in (LEAKS, INTERNALS):
                assert not pattern.search(message), response.text
        response = await anonymous_client.get("/users/1", headers={"Authorization": f"Bearer {text}"})
        assert error_of(response)[0] == 401
    assert await ada.status_with(await ada.log_in()) == 200


def _places(app: FastAPI, *where: str) -> Iterator[Place]:
    found = [place for place in places(app.openapi()) if place.where in where]
    assert len(found) > 20
    yield from found


async def _send(client: httpx2.AsyncClient, place: Place, value: Any) -> httpx2.Response:
    """Send the operation's valid request with ``value`` in one place."""
    method, _, path = place.operation.partition(" ")
    text = value if isinstance(value, str) else ""
    in_path = quote(text, safe="") if place.where == "path" else "1"
    query = dict(REQUIRED_PARAMETERS.get(place.operation, {})) | (
        {"new_status": "confirmed"} if path.endswith("/status") else {}
    )
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
    if body is None:  # a body of text fields only
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


def _returned_field(response: Any, name: str) -> Any:
    """The field of a response that corresponds to a field of the body."""
    response = response[0] if isinstance(response, list) else response
    return response.get(name.removeprefix("0.")) if isinstance(response, dict) else None


def _find_faults(response: httpx2.Response, text: str) -> Iterator[str]:
    """What is wrong with a response to any request."""
    if response.status_code >= 500:
        yield f"status {response.status_code}"
    if "set-cookie" in response.headers or any("\n" in value or "\r" in value for value in response.headers.values()):
        yield "it became a header"
    if response.status_code >= 400 and response.headers.get("content-type") != "application/json":
        problem = read_problem(response)
        message = " ".join([problem["detail"], *(error["message"] for error in problem["errors"])]).replace(text, "")
        if found := INTERNALS.search(message.lower()):
            yield f"contains {found[0]!r}"


async def _totals(shop: Shop) -> dict[str, int]:
    """The number of rows in every list."""
    return {name: (await shop.get(f"/{name}?page_size=1"))["total"] for name in LISTS}
